import { createBroadcast } from '#base/broadcast.ts'
import { now, type Instant } from '#base/clock.ts'
import type { EngineEvent, Events } from '#engine/types.ts'

/** As many past events as Docker keeps. */
const keptEvents = 256
/** A reader this far behind is cut off. */
const queuedEvents = 16_384
/** Longest delay of a timer; a later `until` waits again. */
const longestTimerMs = 2 ** 31 - 1

/** The event hub: the last 256 events, and readers that follow. */
export function createEvents(clock: () => Instant = now): Events {
  const kept: EngineEvent[] = []
  const live = createBroadcast<EngineEvent>(queuedEvents)
  return {
    publish: (event) => {
      const stamped = { ...event, time: clock() }
      kept.push(stamped)
      if (kept.length > keptEvents) kept.shift()
      live.publish(stamped)
    },
    subscribe: (range, signal) => {
      const { since, until } = range
      const wantsPast = since !== undefined || until !== undefined
      const past = wantsPast ? kept.filter((event) => isWithin(event, range)) : []
      if (until !== undefined && until <= clock()) return only(past)
      const end = endOf(until, clock, signal)
      return follow(past, { live: live.subscribe(end.signal), until, end })
    },
  }
}

function isWithin(
  { time }: EngineEvent,
  { since, until }: { readonly since?: Instant; readonly until?: Instant },
): boolean {
  return (since === undefined || time >= since) && (until === undefined || time <= until)
}

async function* only(events: readonly EngineEvent[]): AsyncGenerator<EngineEvent> {
  yield* events
}

interface End extends Disposable {
  readonly signal: AbortSignal
}

async function* follow(
  past: readonly EngineEvent[],
  {
    live,
    until,
    end,
  }: {
    readonly live: AsyncIterable<EngineEvent>
    readonly until: Instant | undefined
    readonly end: End
  },
): AsyncGenerator<EngineEvent> {
  using _end = end
  yield* past
  for await (const event of live) {
    if (until !== undefined && event.time > until) return
    yield event
  }
}

/** A signal that aborts with the reader's, or when the wall clock reaches `until`. */
function endOf(until: Instant | undefined, clock: () => Instant, signal: AbortSignal): End {
  const abort = new AbortController()
  const stop = () => abort.abort()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  let timer: NodeJS.Timeout | undefined
  const arm = () => {
    if (until === undefined) return
    const restMs = Number((until - clock()) / 1_000_000n) + 1
    if (restMs <= 0) return stop()
    timer = setTimeout(arm, Math.min(restMs, longestTimerMs))
    timer.unref()
  }
  arm()
  return {
    signal: abort.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      stop()
    },
  }
}
