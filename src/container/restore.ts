/**
 * Taking over from an earlier engine, in two steps around `networks.restore`:
 * `adopt` finds out which containers still run; `recover` deals with the others
 * and with what no record owns.
 */
import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { mapPool } from '#base/async.ts'
import { now } from '#base/clock.ts'
import { errnoOf, errorMessage } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { discard } from '#container/discard.ts'
import { launch } from '#container/launch.ts'
import { watchLogSize } from '#container/log-rotation.ts'
import { endRun } from '#container/monitor.ts'
import { snapshotKey } from '#container/mounts.ts'
import {
  containerPaths,
  containersDirectory,
  idOfMountPoint,
  rootfsDirectory,
} from '#container/paths.ts'
import { startsAtBoot } from '#container/restart-policy.ts'
import { scheduleRestart } from '#container/restarts.ts'
import type { ContainerRecord } from '#container/types.ts'
import type { Endpoint } from '#network/types.ts'
import type { Task, TaskExit } from '#runtime/types.ts'

const parallel = 16
/** The code of a run whose end nobody saw: the machine went down. */
const lostExitCode = 255

/** What the earlier engine left in state `running` or `paused`. */
export interface Adopted {
  readonly runningIds: ReadonlySet<string>
  /** Ended while no engine ran. */
  readonly ended: ReadonlyMap<string, TaskExit>
}

export async function adoptTasks(context: ContainerContext): Promise<Adopted> {
  const runningIds = new Set<string>()
  const ended = new Map<string, TaskExit>()
  const records = context.table
    .list()
    .filter(({ state }) => state.status === 'running' || state.status === 'paused')
  await mapPool(records, parallel, async (record) => {
    const exit = await adoptTask(context, record)
    if (exit) ended.set(record.id, exit)
    else runningIds.add(record.id)
  })
  return { runningIds, ended }
}

/** Takes the task back; gives its exit when it has none any more. */
async function adoptTask(
  context: ContainerContext,
  record: ContainerRecord,
): Promise<TaskExit | undefined> {
  const { spec } = record
  try {
    const task = await context.runtime.adopt({
      containerId: record.id,
      isTerminal: spec.isTty,
      hasStdin: spec.openStdin,
      ...(spec.host.runtime === undefined ? {} : { runtime: spec.host.runtime }),
    })
    context.tasks.set(record.id, task)
    return await settledExit(task)
  } catch (error) {
    context.log.warn({ container: record.id, reason: errorMessage(error) }, 'task is lost')
    return { code: lostExitCode, finishedAt: now(), isOomKilled: false }
  }
}

/** The exit when `exited` is settled already. */
async function settledExit(task: Task): Promise<TaskExit | undefined> {
  const turn = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))
  return await Promise.race([task.exited, turn])
}

/** Ends what ended, resumes what was cut short, removes strays, watches what runs. */
export async function recover(
  context: ContainerContext,
  adopted: Adopted,
  endpoints: ReadonlyMap<string, readonly Endpoint[]>,
): Promise<void> {
  for (const id of adopted.runningIds) resume(context, id, endpoints.get(id))
  await mapPool([...adopted.ended], parallel, async ([id, exit]) =>
    attempt(context, id, () => endRun(context, id, exit)),
  )
  const unfinished = context.table.list().filter(({ state }) => state.status === 'removing')
  await mapPool(unfinished, parallel, async (record) => {
    const removesVolumes = record.state.status === 'removing' && record.state.removesVolumes
    await attempt(context, record.id, () => discard(context, record, { removesVolumes }))
  })
  await sweep(context)
}

function resume(
  context: ContainerContext,
  id: string,
  endpoints: readonly Endpoint[] | undefined,
): void {
  const record = context.table.get(id)
  const task = context.tasks.get(id)
  if (!task || (record.state.status !== 'running' && record.state.status !== 'paused')) return
  if (endpoints) {
    const run = { ...record.state.run, endpoints }
    context.table.publish({ ...record, state: { status: record.state.status, run } })
  }
  context.watch(id, task)
  context.health.start(record)
  watchLogSize(context, record, task)
}

/**
 * Starts what restart policies want running; returns when each is started or has
 * failed. Containers in state `restarting` had their delay cut short by the crash.
 */
export async function startPolicied(context: ContainerContext): Promise<void> {
  const wanted = context.table.list().filter(startsAtBoot)
  await mapPool(wanted, 4, async ({ id }) =>
    attempt(context, id, async () => {
      using _lock = await context.locks.acquire(id)
      const record = context.table.find(id)
      if (!record || context.phase !== 'open' || context.tasks.has(id)) return
      if (record.state.status === 'restarting') {
        if (!context.restarts.has(id)) scheduleRestart(context, id, 0)
      } else await launch(context, record)
    }),
  )
}

/** Removes tasks, mounts, snapshots and directories whose id no record has, or whose record does not run. */
async function sweep(context: ContainerContext): Promise<void> {
  for (const id of await context.runtime.listIds()) {
    await unlessRunning(context, id, () => context.runtime.removeStray(id))
  }
  for (const target of await context.rootfs.list()) {
    await unlessRunning(context, idOfMountPoint(target), () => context.rootfs.unmount(target))
  }
  for (const key of context.snapshots.listActive()) {
    if (/^[0-9a-f]{64}$/.test(key) && !context.table.isKnown(key)) {
      await attempt(context, key, () => context.snapshots.remove(snapshotKey(key)))
    }
  }
  for (const id of await names(containersDirectory(context))) {
    if (context.table.isKnown(id)) continue
    const { directory } = containerPaths(context, id)
    await attempt(context, id, () => rm(directory, { recursive: true, force: true }))
  }
  for (const name of await names(rootfsDirectory(context))) {
    const directory = join(rootfsDirectory(context), name)
    await unlessRunning(context, idOfMountPoint(name), () => rmdir(directory))
  }
}

/** Under the container's lock: a policy may be starting it this moment. */
async function unlessRunning(
  context: ContainerContext,
  id: string,
  step: () => Promise<void>,
): Promise<void> {
  using _lock = await context.locks.acquire(id)
  if (context.tasks.has(id) || isQuarantined(context, id)) return
  await attempt(context, id, step)
}

/** Its record could not be read, so nobody knows what may go. */
function isQuarantined(context: ContainerContext, id: string): boolean {
  return context.table.isKnown(id) && !context.table.find(id)
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

async function attempt(
  context: ContainerContext,
  id: string,
  step: () => Promise<void>,
): Promise<void> {
  try {
    await step()
  } catch (error) {
    context.log.warn({ container: id, reason: errorMessage(error) }, 'restore step failed')
  }
}
