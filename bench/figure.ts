import type { Peer } from '#bench/peers/peer.ts'

/** One row of the table: what was measured on every peer, in interleaved rounds. */
export interface Figure {
  readonly name: string
  readonly unit: 'ms' | 's' | 'MB' | 'MB/s' | 'requests/s'
  /** Of the peer's name; one value per round. */
  readonly values: ReadonlyMap<string, readonly number[]>
}

export interface Rounds {
  readonly name: string
  readonly unit: Figure['unit']
  readonly rounds: number
  /** One measurement. */
  readonly measure: (peer: Peer, round: number) => Promise<number>
}

/**
 * Measures round by round, every peer in each, so that a slow moment of the machine
 * meets them all. Round 0 warms up and is not counted, unless there is only one.
 */
export async function measureRounds(peers: readonly Peer[], plan: Rounds): Promise<Figure> {
  const values = new Map<string, number[]>(peers.map(({ name }) => [name, []]))
  const warmUps = plan.rounds > 1 ? 1 : 0
  for (let round = 0; round < plan.rounds + warmUps; round++) {
    for (const peer of peers) {
      const value = await plan.measure(peer, round)
      if (round >= warmUps) values.get(peer.name)?.push(value)
    }
  }
  return { name: plan.name, unit: plan.unit, values }
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle]
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2
}
