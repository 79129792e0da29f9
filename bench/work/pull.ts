import { measureRounds, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { largeImage } from '#bench/images.ts'
import { command } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { startRegistry } from '#test/support/registry.ts'

const rounds = 3

/** Download and unpack of a large image with many files from a registry on loopback. */
export async function pullFigures(peers: readonly Peer[]): Promise<Figure[]> {
  await using registry = await startRegistry()
  const { image, files, bytes } = await largeImage()
  const reference = await registry.push(image, 'large')
  const size = `${Math.round(bytes / 1e6)} MB in ${files} files`
  const measure = async (peer: Peer) => {
    const elapsedMs = await timed(() => command(peer, ['pull', '--quiet', reference]))
    await command(peer, ['rmi', reference])
    return elapsedMs / 1000
  }
  return [await measureRounds(peers, { name: `pull, ${size}`, unit: 's', rounds, measure })]
}
