/** Ending a run: stop, kill, restart. None of them holds the lock while it waits for the exit. */
import { EngineError, errorKind, findEngineError } from '#base/errors.ts'
import { announce, type ContainerContext } from '#container/context.ts'
import { notRunning } from '#container/exec.ts'
import { cancelRestart } from '#container/restarts.ts'
import { parseSignal } from '#sys/signals.ts'
import { startContainer } from '#container/start.ts'
import type { ContainerRecord, StopOptions, WaitResult } from '#container/types.ts'
import { waitResult } from '#container/wait.ts'

const defaultStopTimeoutS = 10
const sigkill = 9
/** Signals after which a user means the container to stay down. */
const endingSignals = new Set([2, 3, sigkill, 15])

/** @throws EngineError not_modified when it is stopped */
export async function stopContainer(
  context: ContainerContext,
  ref: string,
  options: StopOptions = {},
): Promise<void> {
  const { id } = context.table.resolve(ref)
  const record = await endContainer(context, id, { ...options, isByUser: true })
  announce(context, record, { action: 'stop' })
}

export interface EndOptions extends StopOptions {
  /** Then `always` and `unless-stopped` hold still. */
  readonly isByUser: boolean
}

/**
 * Asks the process to end, and makes it after the time-out; returns when its end is handled.
 * @throws EngineError not_modified when it does not run
 */
export async function endContainer(
  context: ContainerContext,
  id: string,
  options: EndOptions,
): Promise<ContainerRecord> {
  const abort = new AbortController()
  let ended: Promise<WaitResult>
  let record: ContainerRecord
  {
    using _lock = await context.locks.acquire(id)
    record = context.table.get(id)
    const signal = parseSignal(options.signal ?? record.spec.stopSignal ?? 'SIGTERM')
    if (record.state.status === 'restarting') return settleRestarting(context, record)
    if (record.state.status !== 'running' && record.state.status !== 'paused') {
      throw new EngineError('not_modified', 'container is already stopped')
    }
    record = { ...record, isStoppedByUser: options.isByUser }
    context.table.save(record)
    ended = context.waits.register(id, 'next-exit', abort.signal)
    await signalTask(context, record, signal)
  }
  const timeoutS = options.timeoutS ?? record.spec.stopTimeoutS ?? defaultStopTimeoutS
  if (timeoutS >= 0 && !(await endsWithin(context, ended, timeoutS * 1000))) {
    await killTask(context, id)
  }
  await ended
  return record
}

async function endsWithin(
  context: ContainerContext,
  ended: Promise<WaitResult>,
  timeoutMs: number,
): Promise<boolean> {
  const abort = new AbortController()
  const timedOut = context.scheduler.sleep(timeoutMs, abort.signal).then(() => false)
  timedOut.catch(() => undefined)
  try {
    return await Promise.race([ended.then(() => true), timedOut])
  } finally {
    abort.abort()
  }
}

/** The last resort of stop and of `rm --force`; a task that just ended is fine. */
async function killTask(context: ContainerContext, id: string): Promise<void> {
  using _lock = await context.locks.acquire(id)
  const record = context.table.find(id)
  if (record && context.tasks.has(id)) await signalTask(context, record, sigkill)
}

/**
 * Sends a signal (to nobody, when the process ended this moment), and lets a
 * frozen container run on so that it can receive it.
 */
async function signalTask(
  context: ContainerContext,
  record: ContainerRecord,
  signal: number,
): Promise<void> {
  const task = context.tasks.get(record.id)
  try {
    await task?.kill(signal)
    if (record.state.status === 'paused') {
      await task?.resume()
      context.table.save({ ...record, state: { status: 'running', run: record.state.run } })
    }
  } catch (error) {
    if (errorKind(error) !== 'failed_precondition' && errorKind(error) !== 'not_found') throw error
  }
  announce(context, record, { action: 'kill', signal: String(signal) })
}

/** A container between two runs is stopped by not being started again. */
function settleRestarting(context: ContainerContext, record: ContainerRecord): ContainerRecord {
  if (record.state.status !== 'restarting') return record
  cancelRestart(context, record.id)
  const { last } = record.state
  const stopped: ContainerRecord = {
    ...record,
    isStoppedByUser: true,
    state: { status: 'exited', last },
  }
  context.table.save(stopped)
  context.waits.exited(record.id, waitResult(last))
  return stopped
}

/**
 * Sends a signal; SIGKILL also waits for the end.
 * @throws EngineError conflict when it does not run, invalid_argument
 */
export async function killContainer(
  context: ContainerContext,
  ref: string,
  signalText = 'SIGKILL',
): Promise<void> {
  try {
    await signalContainer(context, ref, signalText)
  } catch (error) {
    const known = findEngineError(error)
    if (!known) throw error
    const message = `cannot kill container: ${ref}: ${known.message}`
    throw new EngineError(known.kind, message, { cause: error })
  }
}

async function signalContainer(
  context: ContainerContext,
  ref: string,
  signalText: string,
): Promise<void> {
  const signal = parseSignal(signalText === '' ? 'SIGKILL' : signalText)
  const { id } = context.table.resolve(ref)
  const abort = new AbortController()
  let ended: Promise<WaitResult>
  {
    using _lock = await context.locks.acquire(id)
    let record = context.table.get(id)
    if (record.state.status === 'restarting') {
      settleRestarting(context, record)
      return
    }
    if (record.state.status !== 'running' && record.state.status !== 'paused') {
      throw notRunning(id)
    }
    const stopSignal = record.spec.stopSignal
    if (endingSignals.has(signal) || (stopSignal && parseSignal(stopSignal) === signal)) {
      record = { ...record, isStoppedByUser: true }
      context.table.save(record)
    }
    ended = context.waits.register(id, 'next-exit', abort.signal)
    await signalTask(context, record, signal)
  }
  if (signal === sigkill) await ended
  else {
    ended.catch(() => undefined)
    abort.abort()
  }
}

/** Stops it when it runs, then starts it; a `--rm` container is kept in between. */
export async function restartContainer(
  context: ContainerContext,
  ref: string,
  options: StopOptions = {},
): Promise<void> {
  const { id } = context.table.resolve(ref)
  context.kept.add(id)
  try {
    try {
      const record = await endContainer(context, id, { ...options, isByUser: true })
      announce(context, record, { action: 'stop' })
    } catch (error) {
      if (errorKind(error) !== 'not_modified') throw error
    }
    await startContainer(context, id)
  } finally {
    context.kept.delete(id)
  }
  announce(context, context.table.get(id), { action: 'restart' })
}
