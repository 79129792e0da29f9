/** Takes tasks of an earlier engine back, and finds and ends those that nobody owns. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { EngineError, errnoOf } from '#base/errors.ts'
import { closeDescriptor } from '#sys/files.ts'
import { openPidfd, signalPidfd } from '#sys/pidfd.ts'
import { watchReadable } from '#sys/poller.ts'
import { conmonMark } from '#runtime/conmon.ts'
import type { RuntimeContext } from '#runtime/context.ts'
import { findPid, readTaskFacts, type TaskFacts } from '#runtime/facts.ts'
import type { Bundle } from '#runtime/layout.ts'
import { deleteContainerState } from '#runtime/remove.ts'
import { cgroupPathOf } from '#runtime/spec/build.ts'
import { openTask } from '#runtime/task.ts'
import type { AdoptTaskOptions, Task } from '#runtime/types.ts'

/** @throws EngineError not_found when no task of that id was ever created here */
export async function adoptTask(context: RuntimeContext, options: AdoptTaskOptions): Promise<Task> {
  const { containerId } = options
  const bundle = context.layout.bundle(containerId)
  const facts = readTaskFacts(bundle.facts)
  const pid = findPid(bundle.pid)
  const conmonPid = findPid(bundle.conmonPid)
  if (pid === undefined || conmonPid === undefined) {
    throw new EngineError('not_found', `adopt task "${containerId}": it was never created`)
  }
  const supervisor = holdConmon(conmonPid, containerId)
  const task = openTask(context, {
    containerId,
    bundle,
    facts,
    program: context.programs.oci(options.runtime ?? facts.runtime),
    pid,
    conmonPid,
    isStarted: true,
    supervisorEnded: supervisor ? watchSupervisor(context, supervisor) : Promise.resolve(),
  })
  if (!supervisor) await task.exited
  return task
}

async function watchSupervisor(context: RuntimeContext, pidfd: number): Promise<void> {
  const watch = watchReadable(pidfd)
  context.open.add(watch)
  await watch.ready
  context.open.delete(watch)
  watch[Symbol.dispose]()
  closeDescriptor(pidfd)
}

/** A pidfd of the container's conmon; undefined when it has ended, whoever has its pid now. */
function holdConmon(pid: number, containerId: string): number | undefined {
  let pidfd: number
  try {
    pidfd = openPidfd(pid)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return undefined
    throw error
  }
  // Read after opening: if it is conmon's now, the descriptor is conmon's.
  if (isConmonOf(pid, containerId)) return pidfd
  closeDescriptor(pidfd)
  return undefined
}

/**
 * A zombie has no command line and does not count. Only a process that is gone is
 * none: any other failure must not pass for the end of a container that runs.
 */
function isConmonOf(pid: number, containerId: string): boolean {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return args.includes(conmonMark(containerId))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ESRCH') return false
    throw error
  }
}

export function listTaskIds(context: RuntimeContext): readonly string[] {
  const ids = new Set(namesIn(context.layout.containers))
  for (const runtime of namesIn(context.layout.states)) {
    for (const id of namesIn(`${context.layout.states}/${runtime}`)) ids.add(id)
  }
  return [...ids].filter((id) => !id.startsWith('.'))
}

/**
 * Ends a task's conmon first, then everything in its cgroup, then deletes its
 * state: works for tasks that an engine left half-created too.
 */
export async function removeStrayTask(context: RuntimeContext, containerId: string): Promise<void> {
  const bundle = context.layout.bundle(containerId)
  for (const pid of findConmons(containerId, bundle)) await endConmon(pid, containerId)
  const facts = findFacts(bundle)
  const runtimes = facts
    ? [facts.runtime]
    : namesIn(context.layout.states).filter((name) =>
        namesIn(`${context.layout.states}/${name}`).includes(containerId),
      )
  for (const runtime of runtimes.length > 0 ? runtimes : [undefined]) {
    await deleteContainerState(context, {
      containerId,
      program: context.programs.oci(runtime),
      cgroupPath: facts?.cgroupPath ?? cgroupPathOf(undefined, containerId),
    })
  }
  rmSync(bundle.directory, { recursive: true, force: true })
}

function findFacts(bundle: Bundle): TaskFacts | undefined {
  try {
    return readTaskFacts(bundle.facts)
  } catch {
    return undefined
  }
}

/** From its pid file, or by command line when the engine died before writing one. */
function findConmons(containerId: string, bundle: Bundle): readonly number[] {
  const recorded = findPid(bundle.conmonPid)
  if (recorded !== undefined) return isConmonOf(recorded, containerId) ? [recorded] : []
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isConmonOf(pid, containerId))
}

async function endConmon(pid: number, containerId: string): Promise<void> {
  const pidfd = holdConmon(pid, containerId)
  if (pidfd === undefined) return
  signalPidfd(pidfd, 9)
  using watch = watchReadable(pidfd)
  await watch.ready
  closeDescriptor(pidfd)
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
