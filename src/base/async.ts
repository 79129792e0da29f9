import { EngineError } from '#base/errors.ts'

/** Serialises work per key: `using _ = await locks.acquire(id)`. Fair, first come first served. */
export interface KeyedMutex {
  acquire(key: string, signal?: AbortSignal): Promise<Disposable>
}

export function createKeyedMutex(): KeyedMutex {
  const tails = new Map<string, Promise<void>>()
  return {
    async acquire(key, signal) {
      const previous = tails.get(key) ?? Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      const tail = previous.then(() => promise)
      tails.set(key, tail)
      // Not before everybody ahead is done: who gives up leaves the holder in place.
      void tail.then(() => tails.get(key) === tail && tails.delete(key))
      try {
        await abortable(previous, signal)
      } catch (error) {
        resolve()
        throw error
      }
      return { [Symbol.dispose]: () => resolve() }
    },
  }
}

/** Runs `work` once for concurrent callers of the same key; every caller gets its outcome. */
export function createSingleFlight<T>(): (key: string, work: () => Promise<T>) => Promise<T> {
  const flights = new Map<string, Promise<T>>()
  return (key, work) => {
    const running = flights.get(key)
    if (running) return running
    const flight = work().finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}

/** Maps with at most `limit` at once; the first failure aborts the others through their signal. */
export async function mapPool<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const results: R[] = Array.from({ length: items.length })
  const abort = new AbortController()
  // One iterator for all lanes: each takes the next item when it is free.
  const queue = items.entries()
  const lane = async () => {
    for (const [index, item] of queue) {
      if (abort.signal.aborted) return
      results[index] = await work(item, abort.signal)
    }
  }
  const lanes = Array.from({ length: Math.min(limit, items.length) }, () =>
    lane().catch((error: unknown) => {
      abort.abort(error)
      throw error
    }),
  )
  const outcomes = await Promise.allSettled(lanes)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw abort.signal.aborted ? abort.signal.reason : failed.reason
  return results
}

/** Waits, or rejects with the signal's reason. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  try {
    await abortable(promise, signal)
  } finally {
    clearTimeout(timer)
  }
}

/** Settles as `promise` does, or rejects with the signal's reason first. */
export function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise
  if (signal.aborted) {
    // Nobody else may be looking at it any more.
    promise.catch(() => undefined)
    return Promise.reject(abortReason(signal))
  }
  return new Promise((resolve, reject) => {
    const cancelled = () => reject(abortReason(signal))
    signal.addEventListener('abort', cancelled, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancelled))
  })
}

/** The reason as an error; a bare `abort()` becomes `cancelled`. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  if (reason instanceof EngineError) return reason
  return new EngineError('cancelled', 'operation cancelled', { cause: reason })
}
