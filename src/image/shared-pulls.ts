/** Callers that pull the same thing at the same time share one pull and all see its progress. */
import { abortable, abortReason } from '#base/async.ts'
import type { ImageProgress, OnProgress } from '#image/types.ts'

export interface SharedWork<T> {
  /**
   * Joins the work under way for `key` or starts it. A caller that gives up leaves; the work is
   * aborted when the last one does. Who joins late is told where each layer stands.
   */
  join(key: string, caller: Caller, start: StartWork<T>): Promise<T>
}

export interface Caller {
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export type StartWork<T> = (onProgress: OnProgress, signal: AbortSignal) => Promise<T>

interface Flight<T> {
  readonly callers: Set<Caller>
  readonly abort: AbortController
  readonly told: Map<string, ImageProgress>
  outcome: Promise<T>
}

export function createSharedWork<T>(): SharedWork<T> {
  const flights = new Map<string, Flight<T>>()
  const begin = (key: string, start: StartWork<T>): Flight<T> => {
    const callers = new Set<Caller>()
    const told = new Map<string, ImageProgress>()
    const abort = new AbortController()
    const tell = (event: ImageProgress) => {
      told.set(progressKey(event), event)
      for (const caller of callers) caller.onProgress(event)
    }
    const outcome = start(tell, abort.signal).finally(() => {
      if (flights.get(key)?.abort === abort) flights.delete(key)
    })
    const flight = { callers, abort, told, outcome }
    flights.set(key, flight)
    return flight
  }
  return {
    async join(key, caller, start) {
      if (caller.signal.aborted) throw abortReason(caller.signal)
      const running = flights.get(key)
      for (const event of running?.told.values() ?? []) caller.onProgress(event)
      const flight = running ?? begin(key, start)
      flight.callers.add(caller)
      try {
        return await abortable(flight.outcome, caller.signal)
      } finally {
        flight.callers.delete(caller)
        if (flight.callers.size === 0 && caller.signal.aborted) {
          // Who comes now starts afresh instead of joining what is ending.
          if (flights.get(key) === flight) flights.delete(key)
          flight.abort.abort(abortReason(caller.signal))
          await flight.outcome.catch(() => undefined)
        }
      }
    },
  }
}

/** The last event per layer is enough to know where it stands; texts without a layer all count. */
function progressKey(event: ImageProgress): string {
  switch (event.type) {
    case 'status':
      return event.id ?? event.text
    case 'transfer':
      return event.id
    case 'stream':
      return event.text
    case 'aux':
      return JSON.stringify(event.value)
  }
}
