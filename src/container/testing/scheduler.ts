/** A scheduler whose time passes when the test says so. */
import { abortReason } from '#base/async.ts'
import type { Scheduler } from '#container/scheduler.ts'

export interface ManualScheduler extends Scheduler {
  /** Delays asked for and not yet due, in order of asking. */
  readonly pending: readonly number[]
  /** Lets the pending one asked for first become due. */
  fire(): void
}

export function manualScheduler(): ManualScheduler {
  const timers: { readonly delayMs: number; readonly work: () => void }[] = []
  const add = (delayMs: number, work: () => void): Disposable => {
    const timer = { delayMs, work }
    timers.push(timer)
    return {
      [Symbol.dispose]: () => {
        const index = timers.indexOf(timer)
        if (index >= 0) timers.splice(index, 1)
      },
    }
  }
  return {
    get pending() {
      return timers.map(({ delayMs }) => delayMs)
    },
    fire: () => timers.shift()?.work(),
    after: add,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        const timer = add(delayMs, resolve)
        signal.addEventListener('abort', () => {
          timer[Symbol.dispose]()
          reject(abortReason(signal))
        })
      }),
  }
}
