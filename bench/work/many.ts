import { setTimeout as sleep } from 'node:timers/promises'
import { measureRounds, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { benchImage } from '#bench/images.ts'
import { removeContainers } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { runOk } from '#test/support/commands.ts'
import { engineMemory } from '#bench/processes.ts'

const containers = 50
const lanes = 8
const rounds = 5
/** Memory is that of an engine at rest: every one of them gives some back when work ceases. */
const restMs = 3000

/** Fifty containers, eight commands at a time; and what the engine's memory is before and with them. */
export async function manyFigures(peers: readonly Peer[]): Promise<Figure[]> {
  const idle = new Map<string, number[]>()
  const loaded = new Map<string, number[]>()
  const starts = await measureRounds(peers, {
    name: `${containers} containers, ${lanes} at a time`,
    unit: 's',
    rounds,
    async measure(peer) {
      await sleep(restMs)
      keep(idle, peer, engineMemory(peer))
      const elapsedMs = await timed(() => startMany(peer))
      await sleep(restMs)
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
  // By xargs, for a process that measures in Node needs time of its own for each program it starts.
  const each = [...peer.cli, 'run', '-d', benchImage, 'sleep', '600']
  const input = Array.from({ length: containers }, (_, index) => `${index}\n`).join('')
  const pool = ['-P', String(lanes), '-I', '{}', 'env', 'NUMBER={}', ...each]
  await runOk('xargs', pool, { env: peer.env, input, timeoutMs: 600_000 })
}
