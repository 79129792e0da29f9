import { EngineError } from '#base/errors.ts'

/** One writer, many readers, each with a bounded queue; a reader that falls behind is cut off. */
export interface Broadcast<T> {
  publish(value: T): void
  /** Values published from this call on (not from the first `next`). Ends when `signal` aborts. */
  subscribe(signal: AbortSignal): AsyncIterable<T>
}

interface Reader<T> {
  queue: T[]
  wake: (() => void) | undefined
  overflowed: boolean
}

export function createBroadcast<T>(maxQueued: number): Broadcast<T> {
  const readers = new Set<Reader<T>>()
  return {
    publish(value) {
      for (const reader of readers) {
        if (reader.queue.length >= maxQueued) reader.overflowed = true
        else reader.queue.push(value)
        reader.wake?.()
      }
    },
    subscribe(signal) {
      const reader: Reader<T> = { queue: [], wake: undefined, overflowed: false }
      const leave = () => {
        readers.delete(reader)
        signal.removeEventListener('abort', leave)
        reader.wake?.()
      }
      if (!signal.aborted) {
        readers.add(reader)
        signal.addEventListener('abort', leave)
      }
      return drain(reader, signal, leave)
    },
  }
}

async function* drain<T>(
  reader: Reader<T>,
  signal: AbortSignal,
  leave: () => void,
): AsyncGenerator<T> {
  try {
    while (!signal.aborted) {
      if (reader.overflowed) {
        throw new EngineError('resource_exhausted', 'read events: the reader fell too far behind')
      }
      const values = reader.queue
      reader.queue = []
      yield* values
      if (reader.queue.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => (reader.wake = resolve))
        reader.wake = undefined
      }
    }
  } finally {
    leave()
  }
}
