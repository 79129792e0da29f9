/** One run of a container begins: by the user, by its restart policy, or at boot. */
import { now } from '#base/clock.ts'
import { findEngineError } from '#base/errors.ts'
import { undoing } from '#base/undo.ts'
import { announce, lastExit, type ContainerContext } from '#container/context.ts'
import { writeNetworkFiles } from '#container/files.ts'
import { watchLogSize } from '#container/log-rotation.ts'
import { ensureBindSources, snapshotKey } from '#container/mounts.ts'
import { containerPaths } from '#container/paths.ts'
import { connectSandbox, type ConnectedSandbox } from '#container/sandbox.ts'
import { buildSpec } from '#container/spec.ts'
import { startFailure } from '#container/start-failure.ts'
import { addStandardFiles } from '#container/standard-files.ts'
import type { ContainerRecord, ContainerState } from '#container/types.ts'
import type { Task, TerminalSize } from '#runtime/types.ts'

export interface LaunchOptions {
  readonly consoleSize?: TerminalSize
}

/**
 * Starts the record's process; the caller holds the container's lock. The record
 * says `running` only after the start: an engine that dies in between leaves a
 * task that no record owns, and the next one removes it. Everything is undone on failure.
 * @throws EngineError the failure, which the record then carries too
 */
export async function launch(
  context: ContainerContext,
  record: ContainerRecord,
  options: LaunchOptions = {},
): Promise<ContainerRecord> {
  try {
    return await run(context, record, options)
  } catch (error) {
    context.attachments.end(record.id)
    recordFailure(context, record, error)
    throw findEngineError(error) ?? error
  }
}

async function run(
  context: ContainerContext,
  record: ContainerRecord,
  options: LaunchOptions,
): Promise<ContainerRecord> {
  context.runtime.anticipate()
  await using undo = new AsyncDisposableStack()
  const sandbox = await prepare(context, record, undo)
  const task = await createTask(context, record, { sandbox, undo, options })
  await context.attachments.complete(record.id, task)
  const startedAt = now()
  await task.start()
  const previous = lastExit(record)
  const started: ContainerRecord = {
    ...record,
    isStoppedByUser: false,
    state: {
      status: 'running',
      run: {
        pid: task.pid,
        conmonPid: task.conmonPid,
        startedAt,
        endpoints: sandbox.endpoints,
        ...(previous === undefined ? {} : { previous }),
      },
    },
  }
  context.table.save(started)
  undo.move()
  context.tasks.set(record.id, task)
  announce(context, started, { action: 'start' })
  context.watch(record.id, task)
  context.health.start(started)
  watchLogSize(context, started, task)
  return started
}

/** Filesystem and network do not depend on each other; both end before the first failure counts. */
async function prepare(
  context: ContainerContext,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<ConnectedSandbox> {
  const [filesystem, sandbox] = await Promise.allSettled([
    mountFilesystem(context, record, undo),
    connectSandbox(context, record, undo),
  ])
  if (filesystem.status === 'rejected') throw filesystem.reason
  if (sandbox.status === 'rejected') throw sandbox.reason
  writeNetworkFiles(context, record, sandbox.value)
  return sandbox.value
}

async function mountFilesystem(
  context: ContainerContext,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<void> {
  const { rootfs, shm } = containerPaths(context, record.id)
  undo.defer(undoing(context.log, 'unmount filesystem', () => context.rootfs.unmount(rootfs)))
  await context.rootfs.mount(context.snapshots.mount(snapshotKey(record.id)), rootfs)
  addStandardFiles(rootfs)
  await ensureBindSources(record.spec)
  const { ipcMode, shmSizeBytes } = record.spec.host
  if (ipcMode === 'shareable') {
    undo.defer(undoing(context.log, 'unmount shared memory', () => context.rootfs.unmount(shm)))
    await context.rootfs.mountMemory(shm, shmSizeBytes)
  }
  for (const mount of record.mounts) {
    if (mount.type !== 'volume') continue
    const { volume, target, isWritable } = mount
    await context.volumes.attach(volume, { containerId: record.id, target, isWritable })
    undo.defer(() => context.volumes.detach(volume, record.id))
  }
}

async function createTask(
  context: ContainerContext,
  record: ContainerRecord,
  {
    sandbox,
    undo,
    options,
  }: {
    readonly sandbox: ConnectedSandbox
    readonly undo: AsyncDisposableStack
    readonly options: LaunchOptions
  },
): Promise<Task> {
  const { spec } = record
  const consoleSize = options.consoleSize ?? spec.host.consoleSize
  const runtimeSpec = buildSpec(context, record, sandbox)
  const task = await context.runtime.create({
    containerId: record.id,
    spec: runtimeSpec,
    isTerminal: spec.isTty,
    hasStdin: spec.openStdin,
    // A terminal has no half-close: who detaches from it may come back and type on.
    closesStdinOnce: spec.stdinOnce && !spec.isTty,
    ...(spec.host.runtime === undefined ? {} : { runtime: spec.host.runtime }),
    ...(spec.host.logDriver.type === 'none'
      ? {}
      : { logPath: containerPaths(context, record.id).log }),
    ...(consoleSize === undefined ? {} : { consoleSize }),
  })
  undo.defer(undoing(context.log, 'remove task', () => task.remove()))
  return task
}

function recordFailure(context: ContainerContext, record: ContainerRecord, error: unknown): void {
  const failure = startFailure(error)
  const last = lastExit(record)
  const state: ContainerState =
    last === undefined
      ? { status: 'created', failure }
      : { status: 'exited', last: { ...last, code: failure.code, error: failure.message } }
  context.table.save({ ...record, state })
}
