/** Runs that a restart policy has announced and that have not begun. */
import { errorMessage } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { launch } from '#container/launch.ts'

/** Starts a container in state `restarting` after the delay, unless it left the state before. */
export function scheduleRestart(context: ContainerContext, id: string, delayMs: number): void {
  cancelRestart(context, id)
  const timer = context.scheduler.after(delayMs, () => void restartNow(context, id))
  context.restarts.set(id, timer)
}

export function cancelRestart(context: ContainerContext, id: string): void {
  context.restarts.get(id)?.[Symbol.dispose]()
  context.restarts.delete(id)
}

async function restartNow(context: ContainerContext, id: string): Promise<void> {
  try {
    using _lock = await context.locks.acquire(id)
    const record = context.table.find(id)
    if (context.phase !== 'open' || record?.state.status !== 'restarting') return
    context.restarts.delete(id)
    await launch(context, { ...record, restartCount: record.restartCount + 1 })
  } catch (error) {
    // The record carries the failure; a policy does not repeat a start that cannot succeed.
    context.log.warn({ container: id, reason: errorMessage(error) }, 'restart failed')
  }
}
