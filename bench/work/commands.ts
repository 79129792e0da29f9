import { measureRounds, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { command, removeContainers } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { benchImage } from '#bench/images.ts'

const rounds = 15

/** One container from command to prompt, by network; then the short commands. */
export async function commandFigures(peers: readonly Peer[]): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const network of ['bridge', 'host', 'none']) {
    const args = ['run', '--rm', '--network', network, benchImage, 'true']
    figures.push(await commandFigure(peers, `run --rm, ${network} network`, args))
  }
  const detached = ['run', '-d', benchImage, 'sleep', '600']
  figures.push(await commandFigure(peers, 'run -d, bridge network', detached))
  await Promise.all(peers.map(removeContainers))
  for (const peer of peers) {
    await command(peer, ['run', '-d', '--name', 'target', benchImage, 'sleep', '600'])
  }
  figures.push(await commandFigure(peers, 'exec', ['exec', 'target', 'true']))
  await Promise.all(peers.map(removeContainers))
  figures.push(await commandFigure(peers, 'ps, no containers', ['ps']))
  return figures
}

function commandFigure(
  peers: readonly Peer[],
  name: string,
  args: readonly string[],
): Promise<Figure> {
  const measure = (peer: Peer) => timed(() => command(peer, args))
  return measureRounds(peers, { name, unit: 'ms', rounds, measure })
}
