import { abortable } from '#base/async.ts'

/** At most `limit` holders at once; first come, first served. */
export interface Slots {
  acquire(signal: AbortSignal): Promise<Disposable>
}

export function createSlots(limit: number): Slots {
  const waiting: (() => void)[] = []
  let free = limit
  /** Hands the slot to the next in line, so that nobody can slip in between. */
  const release = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  const slot = { [Symbol.dispose]: release }
  return {
    async acquire(signal) {
      if (free > 0) {
        free--
        return slot
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      try {
        await abortable(promise, signal)
      } catch (error) {
        const index = waiting.indexOf(resolve)
        if (index >= 0) waiting.splice(index, 1)
        else release()
        throw error
      }
      return slot
    },
  }
}
