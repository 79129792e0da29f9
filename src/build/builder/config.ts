/** The image config of a build, as BuildKit completes it. */
import { formatInstant, type Instant, instantFromMillis } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import type { BuildGraph } from '#build/graph/types.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import type { HistoryEntry, ImageConfig } from '#oci/descriptor.ts'

export interface ConfigParts {
  readonly graph: BuildGraph
  readonly result: SnapshotResult
  /** Results of `graph.layers`, in order. */
  readonly steps: readonly SnapshotResult[]
  /** SOURCE_DATE_EPOCH in seconds. */
  readonly latestTime: number | undefined
}

/** Top-level members sorted by name, as BuildKit writes them. */
export function completeConfig(parts: ConfigParts): ImageConfig {
  const { config } = parts.graph
  const history = completeHistory(parts)
  const created = history.findLast((entry) => entry.created !== undefined)?.created
  const rest: ImageConfig = {
    ...config,
    rootfs: { type: 'layers', diff_ids: parts.result.layers.map(({ diffId }) => diffId) },
    ...(history.length > 0 && { history }),
    ...(created !== undefined && { created }),
  }
  const sorted = Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { ...rest, ...Object.fromEntries(sorted) }
}

/**
 * A step's entry has the time at which its layer was made, so that a rebuild from the cache
 * gives the same image; entries without a layer have that of the layer before them.
 */
function completeHistory(parts: ConfigParts): HistoryEntry[] {
  const times = stepTimes(parts)
  const given = parts.graph.config.history ?? []
  const makers = given.filter(({ empty_layer: isEmpty }) => isEmpty !== true)
  const own = new Map(makers.slice(makers.length - times.length).map((entry, at) => [entry, at]))
  if (own.size !== times.length) {
    throw new EngineError('internal', 'complete image config: history and layers differ')
  }
  const dated = given.flatMap((entry): HistoryEntry[] => {
    const step = own.get(entry)
    const made = step === undefined ? undefined : times[step]
    return made?.map((time) => ({ created: formatInstant(time), ...entry })) ?? [entry]
  })
  return fillTimes(dated)
}

/** For each step the times of the layers that it added; those of the base image have none. */
function stepTimes({ steps, latestTime, result }: ConfigParts): Instant[][] {
  const first = result.layers.findIndex(({ createdAt }) => createdAt !== undefined)
  let from = first < 0 ? result.layers.length : first
  return steps.map(({ layers }) => {
    const added = layers.slice(from)
    from = layers.length
    return added.map(({ createdAt }) => limit(createdAt, latestTime))
  })
}

function limit(time: Instant | undefined, latestTime: number | undefined): Instant {
  if (latestTime !== undefined) return instantFromMillis(latestTime * 1000)
  return time ?? instantFromMillis(0)
}

/** Entries before the first new layer get its time, later ones that of the layer before them. */
function fillTimes(history: readonly HistoryEntry[]): HistoryEntry[] {
  const firstMissing = history.findIndex(({ created }) => created === undefined)
  const next = history.slice(Math.max(firstMissing, 0)).find(({ created }) => created !== undefined)
  let created = (next ?? history.findLast((entry) => entry.created !== undefined))?.created
  let isPastMissing = false
  return history.map((entry) => {
    if (entry.created !== undefined) {
      if (isPastMissing) created = entry.created
      return entry
    }
    isPastMissing = true
    return created === undefined ? entry : { created, ...entry }
  })
}
