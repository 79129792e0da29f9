/**
 * Containers. A record is what was asked for (`spec`, immutable) and one state
 * (a union that carries what only that state has).
 *
 * Life: `create` resolves the image, prepares the root filesystem and writes the record;
 * `start` mounts it, makes the sandbox, creates and starts the task; the monitor waits for the task's
 * exit, takes everything down again and applies the restart policy; `remove` drops the record.
 * Each transition holds the container's lock, is stored before it is announced, and emits an event.
 */
import type { Instant } from '#base/clock.ts'
import type { HealthcheckConfig, Platform } from '#oci/descriptor.ts'
import type { Endpoint, PortRequest, Protocol } from '#network/types.ts'
import type { LogRecord, TaskStdio, TerminalSize } from '#runtime/types.ts'

export type ContainerState =
  | { readonly status: 'created'; readonly failure?: StartFailure }
  | { readonly status: 'running'; readonly run: RunFacts }
  | { readonly status: 'paused'; readonly run: RunFacts }
  | {
      readonly status: 'restarting'
      readonly last: ExitFacts
      readonly nextAt: Instant
    }
  | { readonly status: 'exited'; readonly last: ExitFacts }
  | {
      readonly status: 'removing'
      readonly last?: ExitFacts
      /** Anonymous volumes go too; kept in the state so that a removal cut short is taken up again. */
      readonly removesVolumes: boolean
    }
  | { readonly status: 'dead'; readonly reason: string; readonly last?: ExitFacts }

/** A start that failed: what inspect shows as ExitCode and Error. */
export interface StartFailure {
  /** 125, 126, 127 or 128. */
  readonly code: number
  readonly message: string
}

export interface RunFacts {
  readonly pid: number
  readonly conmonPid: number
  readonly startedAt: Instant
  readonly endpoints: readonly Endpoint[]
  /** The last time it ended, if it did. */
  readonly previous?: ExitFacts
}

export interface ExitFacts {
  readonly code: number
  readonly startedAt: Instant
  readonly finishedAt: Instant
  readonly isOomKilled: boolean
  /** The engine's own failure text, when the exit was not the program's. */
  readonly error?: string
}

export interface ContainerRecord {
  readonly id: string
  /** Without the leading slash. */
  readonly name: string
  readonly createdAt: Instant
  readonly imageId: string
  /** What the user wrote. */
  readonly imageName: string
  readonly spec: ContainerSpec
  readonly state: ContainerState
  readonly restartCount: number
  /** `stop` by a user: `unless-stopped` and `always` do not restart until the next start. */
  readonly isStoppedByUser: boolean
  /** Resolved at create. */
  readonly mounts: readonly ContainerMount[]
}

export type RestartPolicy =
  | { readonly name: 'no' }
  | { readonly name: 'always' }
  | { readonly name: 'unless-stopped' }
  | { readonly name: 'on-failure'; readonly maximumRetryCount: number }

export type NetworkMode =
  | { readonly type: 'host' }
  | { readonly type: 'none' }
  | { readonly type: 'container'; readonly container: string }
  /** `default` and `bridge` are the default bridge network. */
  | { readonly type: 'network'; readonly name: string }

/** What a client asked for, merged with the image's config at create. */
export interface ContainerSpec {
  readonly hostname?: string
  readonly domainname?: string
  readonly user: string
  readonly env: readonly string[]
  readonly cmd: readonly string[]
  readonly entrypoint: readonly string[]
  readonly workingDir: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly exposedPorts: readonly { readonly protocol: Protocol; readonly port: number }[]
  /** Anonymous volume paths: the image's VOLUMEs and `-v /path`. */
  readonly volumePaths: readonly string[]
  readonly stopSignal?: string
  readonly stopTimeoutS?: number
  readonly shell?: readonly string[]
  readonly healthcheck?: HealthcheckConfig
  readonly isTty: boolean
  readonly openStdin: boolean
  readonly stdinOnce: boolean
  /** Streams that `run` attached (inspect shows them). */
  readonly attach: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }
  readonly platform?: Platform
  readonly host: HostSpec
}

/** Docker's HostConfig in domain words; sizes in bytes. */
export interface HostSpec {
  /** Raw `source:target[:mode]` texts, echoed by inspect. */
  readonly binds: readonly string[]
  readonly mounts: readonly MountRequest[]
  /** Containers whose mounts this one has too, as `<ref>[:ro]`; records of older engines have none. */
  readonly volumesFrom?: readonly string[]
  readonly tmpfs: Readonly<Record<string, string>>
  readonly networkMode: NetworkMode
  readonly networkAliases: readonly string[]
  readonly ipv4Address?: string
  readonly macAddress?: string
  readonly ports: readonly PortRequest[]
  readonly publishAllPorts: boolean
  readonly restartPolicy: RestartPolicy
  readonly isAutoRemove: boolean
  readonly isPrivileged: boolean
  readonly isReadonlyRootfs: boolean
  readonly hasInit: boolean
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly securityOpt: readonly string[]
  readonly groupAdd: readonly string[]
  readonly devices: readonly DeviceRequest[]
  readonly deviceCgroupRules: readonly string[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly ulimits: readonly Ulimit[]
  readonly extraHosts: readonly string[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOptions: readonly string[]
  readonly resources: Resources
  readonly oomScoreAdj: number
  readonly shmSizeBytes: number
  readonly cgroupParent: string
  readonly cgroupNamespace: 'private' | 'host'
  readonly ipcMode: string
  readonly pidMode: string
  readonly utsMode: string
  readonly usernsMode: string
  readonly runtime?: string
  readonly logDriver: { readonly type: string; readonly options: Readonly<Record<string, string>> }
  readonly maskedPaths?: readonly string[]
  readonly readonlyPaths?: readonly string[]
  readonly consoleSize?: TerminalSize
}

export interface Resources {
  readonly memoryBytes: number
  readonly memoryReservationBytes: number
  /** Memory plus swap; -1 = unlimited swap, 0 = unset (twice the memory). */
  readonly memorySwapBytes: number
  readonly memorySwappiness?: number
  readonly nanoCpus: number
  readonly cpuShares: number
  readonly cpuPeriodUs: number
  readonly cpuQuotaUs: number
  readonly cpusetCpus: string
  readonly cpusetMems: string
  /** 0 or undefined = unlimited. */
  readonly pidsLimit?: number
  readonly blkioWeight: number
  /** Limits of single devices; records of older engines have none. */
  readonly blkioDevices?: readonly BlkioDevice[]
  readonly isOomKillDisabled: boolean
}

export interface BlkioDevice {
  readonly limit: 'weight' | 'readBps' | 'writeBps' | 'readIops' | 'writeIops'
  /** A block device of the host. */
  readonly path: string
  readonly value: number
}

export interface MountRequest {
  readonly type: 'bind' | 'volume' | 'tmpfs'
  /** Host path or volume name; absent for tmpfs and anonymous volumes. */
  readonly source?: string
  readonly target: string
  readonly isReadOnly: boolean
  readonly propagation?: string
  readonly createsSource?: boolean
  /** Leave out what is mounted below the source. */
  readonly isNonRecursive?: boolean
  /** With `isReadOnly`: what is mounted below the source stays as it is. */
  readonly keepsSubmounts?: boolean
  readonly noCopy?: boolean
  readonly subpath?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly tmpfsSizeBytes?: number
  readonly tmpfsMode?: number
}

export interface DeviceRequest {
  readonly hostPath: string
  readonly containerPath: string
  /** Any of `rwm`. */
  readonly permissions: string
}

export interface Ulimit {
  readonly name: string
  readonly soft: number
  readonly hard: number
}

/** A mount resolved at create, as inspect's `Mounts` shows it. */
export type ContainerMount =
  | {
      readonly type: 'bind'
      readonly source: string
      readonly target: string
      readonly mode: string
      readonly isWritable: boolean
      readonly propagation: string
      /** As in `MountRequest`. */
      readonly isNonRecursive?: boolean
      readonly keepsSubmounts?: boolean
    }
  | {
      readonly type: 'volume'
      readonly volume: string
      readonly source: string
      readonly target: string
      readonly mode: string
      readonly isWritable: boolean
      readonly propagation: string
      readonly copiesContent: boolean
      /** Removed with the container by `rm -v` and `--rm`. */
      readonly isAnonymous: boolean
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly options: string }

export interface CreateContainerRequest {
  readonly name?: string
  readonly imageName: string
  /** The client's wishes before the image's config is merged in. */
  readonly spec: ContainerSpec
  /** True where the client said `Cmd`/`Entrypoint`/… explicitly; merging follows Docker's rules. */
  readonly explicit: { readonly cmd: boolean; readonly entrypoint: boolean }
  readonly platform?: Platform
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

export interface WaitResult {
  readonly code: number
  readonly error?: string
}

export interface AttachOptions {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  /** Replay the log first. */
  readonly logs: boolean
  readonly stream: boolean
}

export interface LogsOptions {
  readonly stdout: boolean
  readonly stderr: boolean
  readonly follow: boolean
  readonly since?: Instant
  readonly until?: Instant
  readonly tail?: number
}

export interface CreateExecRequest {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly user: string
  readonly workingDir: string
  readonly isTty: boolean
  readonly attachStdin: boolean
  readonly attachStdout: boolean
  readonly attachStderr: boolean
  readonly isPrivileged: boolean
  readonly detachKeys?: string
  readonly consoleSize?: TerminalSize
}

export type ExecState =
  | { readonly status: 'created' }
  | { readonly status: 'starting' }
  | { readonly status: 'running'; readonly pid: number }
  | { readonly status: 'exited'; readonly code: number; readonly pid?: number }

export interface ExecRecord {
  readonly id: string
  readonly containerId: string
  readonly request: CreateExecRequest
  readonly state: ExecState
}

/** Facts of a container that are not in its record, for inspect. */
export interface ContainerDetails {
  /** The container's own directory; each `…Path` below is absolute too. */
  readonly directory: string
  /** Absent for log driver `none`. */
  readonly logPath?: string
  /** Its root filesystem as layers: where the writable one lies, and where it is mounted while it runs. */
  readonly filesystem?: {
    readonly lowerDirs: readonly string[]
    readonly upperDir: string
    readonly workDir: string
    readonly mergedDir: string
  }
  readonly hostnamePath: string
  readonly hostsPath: string
  readonly resolvConfPath: string
  /** Execs that run or ended lately. */
  readonly execIds: readonly string[]
  /** Absent when the container has no health check. */
  readonly health?: Health
}

export interface ContainerSizes {
  readonly writableBytes: number
  readonly rootfsBytes: number
}

export interface Health {
  readonly status: 'starting' | 'healthy' | 'unhealthy'
  /** Failed probes in a row. */
  readonly failingStreak: number
  /** The last five probes, oldest first. */
  readonly log: readonly HealthProbe[]
}

export interface HealthProbe {
  readonly startedAt: Instant
  readonly finishedAt: Instant
  readonly code: number
  /** At most 4096 bytes. */
  readonly output: string
}

/** Something that happened to a container, for the event stream. */
export interface ContainerEvent {
  /** Docker's action: `create`, `start`, `die`, `exec_create: sh -c x`, … */
  readonly action: string
  readonly containerId: string
  /** image, name, labels and what the action adds (exitCode, signal, execID). */
  readonly attributes: Readonly<Record<string, string>>
}

/**
 * The container service. `ref` is a full id, a unique prefix of one, or a name
 * (with or without slash). @throws not_found "No such container: x"
 */
export interface Containers {
  create(
    request: CreateContainerRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>
  get(ref: string): ContainerRecord
  details(ref: string): ContainerDetails
  /** What it has written to its root filesystem, and all of that with the image's. Counts files: slow. */
  sizes(ref: string): Promise<ContainerSizes>
  list(): readonly ContainerRecord[]
  /** @throws not_modified when it runs already */
  start(ref: string, options?: { readonly consoleSize?: TerminalSize }): Promise<void>
  /** @throws not_modified when it is stopped already. `timeoutS` -1 waits for ever. */
  stop(ref: string, options?: StopOptions): Promise<void>
  restart(ref: string, options?: StopOptions): Promise<void>
  /** @throws conflict "container x is not running" */
  kill(ref: string, signal?: string): Promise<void>
  pause(ref: string): Promise<void>
  unpause(ref: string): Promise<void>
  rename(ref: string, name: string): Promise<void>
  /** @throws conflict when it runs and `force` is not set */
  remove(
    ref: string,
    options: { readonly force: boolean; readonly volumes: boolean },
  ): Promise<void>
  /** Registers before it returns its promise, so no exit between registration and start is missed. */
  wait(ref: string, condition: WaitCondition, signal: AbortSignal): Promise<WaitResult>
  /** Works on created containers: the attachment is complete before the next start lets the process go. */
  attach(ref: string, options: AttachOptions): Promise<TaskStdio>
  logs(ref: string, options: LogsOptions, signal: AbortSignal): AsyncIterable<readonly LogRecord[]>
  resize(ref: string, size: TerminalSize): Promise<void>
  top(
    ref: string,
    psArgs: readonly string[],
  ): Promise<{
    readonly titles: readonly string[]
    readonly processes: readonly (readonly string[])[]
  }>
  createExec(ref: string, request: CreateExecRequest): Promise<string>
  /** Returns stdio when not detached. @throws conflict, failed_precondition, not_found "No such exec instance: x" */
  startExec(execId: string, options: StartExecOptions): Promise<TaskStdio | undefined>
  getExec(execId: string): ExecRecord
  resizeExec(execId: string, size: TerminalSize): Promise<void>
}

export interface StopOptions {
  readonly signal?: string
  readonly timeoutS?: number
}

export interface StartExecOptions {
  readonly isDetached: boolean
  readonly isTty: boolean
  readonly consoleSize?: TerminalSize
}
