import { abortable } from '#base/async.ts'

/** At most `limit` holders at once; first come, first served. */
export interface Slots {
  acquire(signal: AbortSignal): Promise<Disposable>
}

export function createSlots(limit: number): Slots {
  const waiting: (() => void)[] = []
  let free = limit
  const release = () => {
    free++
    waiting.shift()?.()
  }
  return {
    async acquire(signal) {
      while (free === 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.push(resolve)
        try {
          await abortable(promise, signal)
        } catch (error) {
          const index = waiting.indexOf(resolve)
          if (index >= 0) waiting.splice(index, 1)
          else waiting.shift()?.()
          throw error
        }
      }
      free--
      return { [Symbol.dispose]: release }
    },
  }
}
