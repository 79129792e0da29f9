/** What every verb of this folder works on; made once by `openContainers`. */
import type { KeyedMutex } from '#base/async.ts'
import type { Logger } from '#base/log.ts'
import type { PendingAttachments } from '#container/attachments.ts'
import type { ExecTable } from '#container/exec-table.ts'
import type { Scheduler } from '#container/scheduler.ts'
import type { ContainerTable } from '#container/table.ts'
import type { ContainerEvent, ContainerRecord, Health } from '#container/types.ts'
import type { WaitRegistry } from '#container/wait.ts'
import type { ChainId } from '#oci/digest.ts'
import type { Images } from '#image/types.ts'
import type { Networks } from '#network/types.ts'
import type { Runtime, Task } from '#runtime/types.ts'
import type { CgroupLimits } from '#sys/cgroup/limits.ts'
import type { MetadataDb, Mount, Snapshotter } from '#store/types.ts'
import type { Volumes } from '#volume/types.ts'

/** Mounting a snapshot at a directory and back; store/mounts.ts in the engine, a fake in unit tests. */
export interface RootfsMounts {
  /** Makes the directory when it is missing. */
  mount(mount: Mount, target: string): Promise<void>
  /** As `mount`, memory that every user may write to and nobody execute from. */
  mountMemory(target: string, sizeBytes: number): Promise<void>
  /** Removes the directory too. Idempotent. */
  unmount(target: string): Promise<void>
  /** Everything that is mounted. */
  list(): Promise<readonly string[]>
}

/** The part of the engine's configuration that containers see. */
export interface ContainerDefaults {
  readonly cgroupParent: string
  /** Host path of the init program for `--init`. */
  readonly initPath?: string
  /** `builtin`, `unconfined` or a host path. */
  readonly seccompProfile?: string
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOptions: readonly string[]
  /** Name of the network that `default` and `bridge` mean; undefined when there is none. */
  readonly defaultNetwork?: string
}

export interface ContainersDeps {
  readonly dataRoot: string
  readonly execRoot: string
  readonly db: MetadataDb
  readonly snapshots: Pick<
    Snapshotter,
    'prepare' | 'mount' | 'remove' | 'find' | 'listActive' | 'usage'
  >
  readonly images: Pick<Images, 'get' | 'find'>
  readonly runtime: Pick<
    Runtime,
    'anticipate' | 'create' | 'adopt' | 'listIds' | 'removeStray' | 'checkName'
  >
  readonly networks: Pick<Networks, 'createSandbox' | 'connect' | 'removeSandbox' | 'get'>
  readonly volumes: Volumes
  readonly rootfs: RootfsMounts
  readonly scheduler: Scheduler
  readonly defaults: ContainerDefaults
  readonly log: Logger
  readonly onEvent: (event: ContainerEvent) => void
}

/** Runs the health checks of running containers. */
export interface HealthMonitor {
  /** Begins with status `starting`; nothing for a container without a check. */
  start(record: ContainerRecord): void
  /** The container counts as unhealthy from now on, as with Docker. */
  stop(id: string): void
  forget(id: string): void
  find(id: string): Health | undefined
}

export interface ContainerContext extends ContainersDeps {
  readonly table: ContainerTable
  readonly cgroupLimits: CgroupLimits
  /** Every transition of a container holds its lock; reading never does. */
  readonly locks: KeyedMutex
  readonly waits: WaitRegistry
  /** Tasks of running and paused containers. */
  readonly tasks: Map<string, Task>
  readonly attachments: PendingAttachments
  readonly execs: ExecTable
  readonly health: HealthMonitor
  /** Handles the end of a task (monitor.ts). */
  readonly watch: (id: string, task: Task) => void
  /** Watches over the sizes of logs that have a limit. */
  readonly rotations: Map<string, Disposable>
  /** Pending restarts of containers in state `restarting`. */
  readonly restarts: Map<string, Disposable>
  /** The last back-off delay of containers that a policy restarts, in milliseconds. */
  readonly delays: Map<string, number>
  /** `--rm` containers that a restart by the user is about to start again. */
  readonly kept: Set<string>
  /** By container id: top layers that a create is about to use, kept from gc. */
  readonly pendingParents: Map<string, ChainId>
  /** `stopping`: policies start nothing any more. `closed`: exits are left to the next engine. */
  phase: 'open' | 'stopping' | 'closed'
}

/** Docker's word for what happened, and the attributes that it adds. */
export interface Happening {
  readonly action: string
  readonly [attribute: string]: string
}

/** Publishes an event with the attributes that every container event has. */
export function announce(
  context: ContainerContext,
  record: ContainerRecord,
  happening: Happening,
): void {
  const { action, ...attributes } = happening
  context.onEvent({
    action,
    containerId: record.id,
    attributes: {
      ...record.spec.labels,
      image: record.imageName,
      name: record.name,
      ...attributes,
    },
  })
}

/** The last exit of a container, whatever its state. */
export function lastExit(record: ContainerRecord) {
  const { state } = record
  switch (state.status) {
    case 'created':
      return undefined
    case 'running':
    case 'paused':
      return state.run.previous
    case 'restarting':
    case 'exited':
    case 'removing':
    case 'dead':
      return state.last
  }
}
