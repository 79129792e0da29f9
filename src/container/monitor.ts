/** A run ends: its exit is stored, what it held is given back, the world is told, the policy applied. */
import { instantFromNanos, now } from '#base/clock.ts'
import { errorMessage } from '#base/errors.ts'
import { announce, type ContainerContext } from '#container/context.ts'
import { discard } from '#container/discard.ts'
import { forgetLogSize } from '#container/log-rotation.ts'
import { nextDelayMs, wantsRestart } from '#container/restart-policy.ts'
import { scheduleRestart } from '#container/restarts.ts'
import { teardown } from '#container/teardown.ts'
import type { ContainerRecord, ContainerState, ExitFacts } from '#container/types.ts'
import { waitResult } from '#container/wait.ts'
import type { Task, TaskExit } from '#runtime/types.ts'

/** How long an attached reader that is stuck keeps the end of a run from being told, as with Docker. */
const outputPatienceMs = 2000

export function watchTask(context: ContainerContext, id: string, task: Task): void {
  void task.exited.then(async (exit) => {
    try {
      using _lock = await context.locks.acquire(id)
      if (context.tasks.get(id) === task && context.phase !== 'closed')
        await endRun(context, id, exit)
    } catch (error) {
      context.log.error({ container: id, reason: errorMessage(error) }, 'end of run not handled')
    }
  })
}

/**
 * Handles the exit of a container's task; the caller holds the lock. The exit is
 * stored first: teardown deletes the only other place that knows the code.
 */
export async function endRun(context: ContainerContext, id: string, exit: TaskExit): Promise<void> {
  const record = context.table.get(id)
  if (record.state.status !== 'running' && record.state.status !== 'paused') return
  const last: ExitFacts = {
    code: exit.code,
    startedAt: record.state.run.startedAt,
    finishedAt: exit.finishedAt,
    isOomKilled: exit.isOomKilled,
  }
  const ended = afterExit(context, record, last)
  context.table.store(ended.record)
  context.health.stop(id)
  forgetLogSize(context, id)
  const task = context.tasks.get(id)
  await Promise.all([teardown(context, id, task), outputTaken(context, task)])
  context.tasks.delete(id)
  context.table.publish(ended.record)
  announceEnd(context, record, last)
  for (const mount of record.mounts) {
    if (mount.type === 'volume') context.volumes.detach(mount.volume, id)
  }
  context.waits.exited(id, waitResult(last))
  if (ended.record.state.status === 'restarting') scheduleRestart(context, id, ended.delayMs)
  else context.delays.delete(id)
  if (ended.record.state.status === 'removing') {
    await discard(context, ended.record, { removesVolumes: true })
  }
}

/** Who is attached has the output before anybody hears of the end. */
async function outputTaken(context: ContainerContext, task: Task | undefined): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<void>()
  using _timer = context.scheduler.after(outputPatienceMs, resolve)
  await Promise.race([task?.outputTaken(), elapsed])
}

function afterExit(
  context: ContainerContext,
  record: ContainerRecord,
  last: ExitFacts,
): { readonly record: ContainerRecord; readonly delayMs: number } {
  const ranMs = Number(last.finishedAt - last.startedAt) / 1e6
  const delayMs = nextDelayMs(context.delays.get(record.id), ranMs)
  const isWanted =
    context.phase === 'open' &&
    wantsRestart({ ...record, policy: record.spec.host.restartPolicy }, last)
  const isRemoved = record.spec.host.isAutoRemove && !context.kept.has(record.id)
  let state: ContainerState = { status: 'exited', last }
  if (isWanted) {
    context.delays.set(record.id, delayMs)
    const nextAt = instantFromNanos(now() + BigInt(delayMs) * 1_000_000n)
    state = { status: 'restarting', last, nextAt }
  } else if (isRemoved) state = { status: 'removing', last, removesVolumes: true }
  return { record: { ...record, state }, delayMs }
}

function announceEnd(context: ContainerContext, record: ContainerRecord, last: ExitFacts): void {
  if (last.isOomKilled) announce(context, record, { action: 'oom' })
  const seconds = (last.finishedAt - last.startedAt) / 1_000_000_000n
  announce(context, record, {
    action: 'die',
    execDuration: String(seconds < 0n ? 0n : seconds),
    exitCode: String(last.code),
  })
}
