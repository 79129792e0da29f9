/**
 * Work shared by key between builds. A flight is cancelled only when everyone
 * who waits for it has given up; a newcomer to a cancelled flight starts another.
 */
import { abortable, abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'

export interface Flights<T> {
  join(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>
}

interface Flight<T> {
  readonly outcome: Promise<T>
  readonly abort: AbortController
  waiting: number
}

export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Flight<T>>()
  return {
    async join(key, work, signal) {
      if (signal.aborted) throw abortReason(signal)
      const flight = flights.get(key) ?? begin(key, work)
      flight.waiting++
      try {
        return await abortable(flight.outcome, signal)
      } finally {
        // The last one to give up waits until the work has really stopped.
        if (--flight.waiting === 0) await leave(key, flight)
      }
    },
  }

  function begin(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abort = new AbortController()
    const outcome = work(abort.signal)
    const flight = { outcome, abort, waiting: 0 }
    flights.set(key, flight)
    // Waiters see the failure; the flight itself has nobody to tell.
    outcome.catch(() => undefined).finally(() => forget(key, flight))
    return flight
  }

  async function leave(key: string, flight: Flight<T>): Promise<void> {
    forget(key, flight)
    flight.abort.abort(new EngineError('cancelled', 'nobody waits for this step any more'))
    await Promise.allSettled([flight.outcome])
  }

  function forget(key: string, flight: Flight<T>): void {
    if (flights.get(key) === flight) flights.delete(key)
  }
}
