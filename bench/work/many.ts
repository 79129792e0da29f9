import { measureRounds, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { benchImage } from '#bench/images.ts'
import { command, removeContainers } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { engineMemory } from '#bench/processes.ts'

const containers = 50
const lanes = 8
const rounds = 3

/** Fifty containers, eight commands at a time; and what the engine's memory is before and with them. */
export async function manyFigures(peers: readonly Peer[]): Promise<Figure[]> {
  const idle = new Map<string, number[]>()
  const loaded = new Map<string, number[]>()
  const starts = await measureRounds(peers, {
    name: `${containers} containers, ${lanes} at a time`,
    unit: 's',
    rounds,
    async measure(peer) {
      keep(idle, peer, engineMemory(peer))
      const elapsedMs = await timed(() => startMany(peer))
      keep(loaded, peer, engineMemory(peer))
      await removeContainers(peer)
      return elapsedMs / 1000
    },
  })
  return [
    starts,
    { name: 'memory without containers', unit: 'MB', values: idle },
    { name: `memory with ${containers} containers`, unit: 'MB', values: loaded },
  ]
}

function keep(values: Map<string, number[]>, peer: Peer, value: number): void {
  values.set(peer.name, [...(values.get(peer.name) ?? []), value])
}

async function startMany(peer: Peer): Promise<void> {
  let started = 0
  const lane = async () => {
    while (started++ < containers) await command(peer, ['run', '-d', benchImage, 'sleep', '600'])
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
