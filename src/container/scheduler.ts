import { sleep } from '#base/async.ts'

/** Time as the containers see it; tests pass one that they advance themselves. */
export interface Scheduler {
  /** Runs `work` after `delayMs` unless disposed before. */
  after(delayMs: number, work: () => void): Disposable
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
}

/** Timers that do not keep the engine's process alive. */
export const systemScheduler: Scheduler = {
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs)
    timer.unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  sleep,
}
