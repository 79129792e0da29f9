import { mkdir } from 'node:fs/promises'
import { createKeyedMutex } from '#base/async.ts'
import { attachContainer } from '#container/attach.ts'
import { createPendingAttachments } from '#container/attachments.ts'
import { announce, type ContainerContext, type ContainersDeps } from '#container/context.ts'
import { createContainer } from '#container/create.ts'
import { createExecTable } from '#container/exec-table.ts'
import { createExec, notRunning, resizeExec, startExec } from '#container/exec.ts'
import { createHealthMonitor } from '#container/health.ts'
import { forgetLogSize } from '#container/log-rotation.ts'
import { containerLogs } from '#container/logs.ts'
import { watchTask } from '#container/monitor.ts'
import { snapshotKey } from '#container/mounts.ts'
import { containerPaths, containersDirectory, rootfsDirectory } from '#container/paths.ts'
import { pauseContainer, unpauseContainer } from '#container/pause.ts'
import { removeContainer } from '#container/remove.ts'
import { renameContainer } from '#container/rename.ts'
import { cancelRestart } from '#container/restarts.ts'
import { type Adopted, adoptTasks, recover, startPolicied } from '#container/restore.ts'
import { startContainer } from '#container/start.ts'
import { endContainer, killContainer, restartContainer, stopContainer } from '#container/stop.ts'
import { openTable } from '#container/table.ts'
import { containerTop } from '#container/top.ts'
import type { ContainerDetails, Containers, ContainerSizes } from '#container/types.ts'
import { createWaitRegistry, resultOf } from '#container/wait.ts'
import type { Endpoint } from '#network/types.ts'
import { readCgroupLimits } from '#sys/cgroup/limits.ts'
import type { ChainId } from '#oci/digest.ts'

/** The container service as the engine holds it: what clients use, and the engine's own verbs. */
export interface ContainerService extends Containers {
  /** First step of a restore: which containers of the earlier engine still run. */
  adopt(): Promise<Adopted>
  /** Second step, with the networks restored: settles the rest and sweeps strays. */
  recover(adopted: Adopted, endpoints: ReadonlyMap<string, readonly Endpoint[]>): Promise<void>
  /** Starts what restart policies want running. */
  startPolicied(): Promise<void>
  /** Top layers that containers stand on, for gc. */
  layersInUse(): Iterable<ChainId>
  /** Stops one without marking it as stopped by a user; from the first call on policies start nothing. */
  stopForShutdown(id: string, timeoutS: number): Promise<void>
  /** No restart, removal or health check is begun any more; what runs goes on running. */
  close(): void
}

/** Opens the container service on the records that the metadata store holds. */
export async function openContainers(deps: ContainersDeps): Promise<ContainerService> {
  await mkdir(containersDirectory(deps), { recursive: true, mode: 0o710 })
  await mkdir(rootfsDirectory(deps), { recursive: true, mode: 0o710 })
  const context = createContext(deps)
  return { ...containerVerbs(context), ...execVerbs(context), ...engineVerbs(context) }
}

function createContext(deps: ContainersDeps): ContainerContext {
  const context: ContainerContext = {
    ...deps,
    table: openTable(deps.db, deps.log),
    cgroupLimits: readCgroupLimits(),
    locks: createKeyedMutex(),
    waits: createWaitRegistry(),
    tasks: new Map(),
    attachments: createPendingAttachments(),
    execs: createExecTable(),
    health: createHealthMonitor(() => context),
    watch: (id, task) => watchTask(context, id, task),
    rotations: new Map(),
    restarts: new Map(),
    delays: new Map(),
    kept: new Set(),
    pendingParents: new Map(),
    phase: 'open',
  }
  return context
}

type ExecVerbs = Pick<Containers, 'createExec' | 'startExec' | 'getExec' | 'resizeExec'>

function execVerbs(context: ContainerContext): ExecVerbs {
  return {
    createExec: async (ref, request) => createExec(context, ref, request),
    startExec: (execId, options) => startExec(context, execId, options),
    getExec: (execId) => context.execs.get(execId),
    resizeExec: (execId, size) => resizeExec(context, execId, size),
  }
}

function containerVerbs(context: ContainerContext): Omit<Containers, keyof ExecVerbs> {
  return {
    create: (request, signal) => createContainer(context, request, signal),
    get: (ref) => context.table.resolve(ref),
    details: (ref) => details(context, ref),
    sizes: (ref) => sizes(context, ref),
    list: () => context.table.list(),
    start: (ref, options) => startContainer(context, ref, options),
    stop: (ref, options) => stopContainer(context, ref, options),
    restart: (ref, options) => restartContainer(context, ref, options),
    kill: (ref, signal) => killContainer(context, ref, signal),
    pause: (ref) => pauseContainer(context, ref),
    unpause: (ref) => unpauseContainer(context, ref),
    rename: (ref, name) => renameContainer(context, ref, name),
    remove: (ref, options) => removeContainer(context, ref, options),
    wait: (ref, condition, signal) => {
      const { id, state } = context.table.resolve(ref)
      const now = condition === 'not-running' ? resultOf(state) : undefined
      return now ? Promise.resolve(now) : context.waits.register(id, condition, signal)
    },
    attach: (ref, options) => attachContainer(context, ref, options),
    logs: (ref, options, signal) => containerLogs(context, { ...options, ref }, signal),
    resize: async (ref, size) => {
      const record = context.table.resolve(ref)
      const task = context.tasks.get(record.id)
      if (!task) throw notRunning(record.id)
      await task.resize(size)
      const [height, width] = [String(size.rows), String(size.columns)]
      announce(context, record, { action: 'resize', height, width })
    },
    top: (ref, psArgs) => containerTop(context, ref, psArgs),
  }
}

function engineVerbs(context: ContainerContext): Omit<ContainerService, keyof Containers> {
  return {
    adopt: () => adoptTasks(context),
    recover: (adopted, endpoints) => recover(context, adopted, endpoints),
    startPolicied: () => startPolicied(context),
    layersInUse: () => [
      ...context.pendingParents.values(),
      ...context.table.list().flatMap(({ id }) => {
        const parent = context.snapshots.find(snapshotKey(id))?.parent
        return parent === undefined ? [] : [parent]
      }),
    ],
    stopForShutdown: async (id, timeoutS) => {
      context.phase = 'stopping'
      await endContainer(context, id, { timeoutS, isByUser: false })
    },
    close: () => {
      context.phase = 'closed'
      for (const { id } of context.table.list()) {
        cancelRestart(context, id)
        context.health.stop(id)
        forgetLogSize(context, id)
      }
    },
  }
}

function details(context: ContainerContext, ref: string): ContainerDetails {
  const { id, spec } = context.table.resolve(ref)
  const paths = containerPaths(context, id)
  const health = context.health.find(id)
  return {
    directory: paths.directory,
    hostnamePath: paths.hostname,
    hostsPath: paths.hosts,
    resolvConfPath: paths.resolvConf,
    execIds: context.execs.ofContainer(id),
    ...filesystemDetails(context, id),
    ...(spec.host.logDriver.type === 'none' ? {} : { logPath: paths.log }),
    ...(health === undefined ? {} : { health }),
  }
}

async function sizes(context: ContainerContext, ref: string): Promise<ContainerSizes> {
  const { id, imageId } = context.table.resolve(ref)
  const key = snapshotKey(id)
  const used = context.snapshots.find(key) ? await context.snapshots.usage(key) : undefined
  const writableBytes = used?.sizeBytes ?? 0
  const imageBytes = context.images.find(imageId)?.sizeBytes ?? 0
  return { writableBytes, rootfsBytes: writableBytes + imageBytes }
}

function filesystemDetails(
  context: ContainerContext,
  id: string,
): Pick<ContainerDetails, 'filesystem'> {
  const key = snapshotKey(id)
  const mount = context.snapshots.find(key) && context.snapshots.mount(key)
  if (mount?.type !== 'overlay' || !mount.upper) return {}
  const { lowerDirs, upper } = mount
  return { filesystem: { lowerDirs, ...upper, mergedDir: containerPaths(context, id).rootfs } }
}
