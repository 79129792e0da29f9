import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { Events } from '#engine/types.ts'
import type { Gc } from '#store/types.ts'

/** Long enough for a burst of removals to share one run, and to stay out of the way of the next request. */
const delayMs = 500

export interface GcSchedule extends AsyncDisposable {
  /** Runs gc soon, at the latest when this is closed; calls meanwhile share that run. */
  schedule(): void
}

export function createGcSchedule(gc: Gc, log: Logger): GcSchedule {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const run = async () => {
    try {
      const result = await gc.run()
      log.debug({ ...result }, 'gc ran')
    } catch (error) {
      log.warn({ reason: errorMessage(error) }, 'gc failed')
    }
  }
  return {
    schedule: () => {
      if (timer) return
      timer = setTimeout(() => {
        timer = undefined
        running = run()
      }, delayMs)
      timer.unref()
    },
    [Symbol.asyncDispose]: async () => {
      const isDue = timer !== undefined
      clearTimeout(timer)
      await running
      if (isDue) await run()
    },
  }
}

/** `docker image prune` also frees what pulls that failed left, which no image names. */
export function collectOnPrune(events: Events, gc: GcSchedule): Disposable {
  const end = new AbortController()
  const follow = async () => {
    for await (const { type, action } of events.subscribe({}, end.signal)) {
      if (type === 'image' && action === 'prune') gc.schedule()
    }
  }
  void follow()
  return { [Symbol.dispose]: () => end.abort() }
}
