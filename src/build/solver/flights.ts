/**
 * Work shared by key between builds. A flight is cancelled only when everyone
 * who waits for it has given up; a newcomer to a cancelled flight starts another.
 * Everyone hears what it tells, a newcomer also what it told before.
 */
import { abortable, abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'

export interface Flights<T, E> {
  join(flight: FlightWork<T, E>, signal: AbortSignal): Promise<T>
}

export interface FlightWork<T, E> {
  readonly key: string
  readonly work: (signal: AbortSignal, tell: (event: E) => void) => Promise<T>
  readonly onEvent: (event: E) => void
}

interface Flight<T, E> {
  readonly outcome: Promise<T>
  readonly abort: AbortController
  readonly listeners: Set<(event: E) => void>
  readonly told: E[]
  waiting: number
}

/** Events kept for newcomers: the last ones say where the work is. */
const keptEvents = 500

export function createFlights<T, E>(): Flights<T, E> {
  const flights = new Map<string, Flight<T, E>>()
  return {
    async join(wanted, signal) {
      if (signal.aborted) throw abortReason(signal)
      const { key, onEvent } = wanted
      const flight = flights.get(key) ?? begin(wanted)
      for (const event of flight.told) onEvent(event)
      flight.listeners.add(onEvent)
      flight.waiting++
      try {
        return await abortable(flight.outcome, signal)
      } finally {
        flight.listeners.delete(onEvent)
        // The last one to give up waits until the work has really stopped.
        if (--flight.waiting === 0) await leave(key, flight)
      }
    },
  }

  function begin({ key, work }: FlightWork<T, E>): Flight<T, E> {
    const abort = new AbortController()
    const listeners = new Set<(event: E) => void>()
    const told: E[] = []
    const tell = (event: E) => {
      told.push(event)
      if (told.length > keptEvents) told.shift()
      for (const listener of listeners) listener(event)
    }
    const outcome = work(abort.signal, tell)
    const flight = { outcome, abort, listeners, told, waiting: 0 }
    flights.set(key, flight)
    // Waiters see the failure; the flight itself has nobody to tell.
    outcome.catch(() => undefined).finally(() => forget(key, flight))
    return flight
  }

  async function leave(key: string, flight: Flight<T, E>): Promise<void> {
    forget(key, flight)
    flight.abort.abort(new EngineError('cancelled', 'nobody waits for this step any more'))
    await Promise.allSettled([flight.outcome])
  }

  function forget(key: string, flight: Flight<T, E>): void {
    if (flights.get(key) === flight) flights.delete(key)
  }
}
