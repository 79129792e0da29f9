import type { Builder } from '#build/types.ts'
import type { Events } from '#engine/types.ts'
import { releaseProgram, trimHeap } from '#sys/memory.ts'

/** After this much rest the engine gives back what the last work left in the C heap. */
const restMs = 2000

export interface HeapTrim extends Disposable {
  /** Builds tell no event, and use more than anything else. */
  afterBuilds(builder: Builder): Builder
}

/** Trims the heap once events have ceased; an engine at rest does nothing. */
export function trimWhenIdle(events: Events): HeapTrim {
  const end = new AbortController()
  let isFirstRest = true
  const rest = () => {
    trimHeap()
    // Later the pages in use are those of the engine's own work.
    if (isFirstRest) releaseProgram()
    isFirstRest = false
  }
  const timer = setTimeout(rest, restMs).unref()
  void postpone(events, { timer, signal: end.signal })
  return {
    afterBuilds: (builder) => ({
      ...builder,
      build: (request, signal) => builder.build(request, signal).finally(() => timer.refresh()),
    }),
    [Symbol.dispose]: () => {
      end.abort()
      clearTimeout(timer)
    },
  }
}

interface Postponed {
  readonly timer: NodeJS.Timeout
  readonly signal: AbortSignal
}

async function postpone(events: Events, { timer, signal }: Postponed): Promise<void> {
  for await (const _ of events.subscribe({}, signal)) timer.refresh()
}
