/** What `buildRuntimeSpec` needs to know of a container: plain values, defaults resolved by the caller. */
import type { RuntimeMount } from '#oci/runtime-spec.ts'
import type { ExecUser, TerminalSize } from '#runtime/types.ts'

/** `private` makes a namespace, `host` shares the machine's, a path joins another container's. */
export type NamespaceMode =
  | { readonly type: 'private' }
  | { readonly type: 'host' }
  | { readonly type: 'path'; readonly path: string }

export interface SpecInput {
  readonly containerId: string
  /** Absolute path of the mounted root filesystem. */
  readonly rootfsPath: string
  /** Of the container's root mount, for binds that share mounts with the host; private when absent. */
  readonly rootfsPropagation?: 'shared' | 'rslave'
  readonly isReadonlyRootfs: boolean
  readonly hostname?: string
  readonly domainname?: string
  /** Entrypoint and command. */
  readonly args: readonly string[]
  readonly env: readonly string[]
  /** Absolute; `/` when the user said nothing. */
  readonly cwd: string
  readonly user: ExecUser
  readonly isTerminal: boolean
  readonly consoleSize?: TerminalSize
  /** Volumes, binds and the generated /etc files; a mount over a default one replaces it. */
  readonly mounts: readonly RuntimeMount[]
  /** Target → options (`size=64m,mode=1777`), as `--tmpfs` takes them. */
  readonly tmpfs?: Readonly<Record<string, string>>
  readonly shmSizeBytes?: number
  /** A directory to bind at /dev/shm instead of a tmpfs of its own (shared IPC). */
  readonly shmPath?: string
  readonly network: NamespaceMode
  readonly ipc: NamespaceMode | { readonly type: 'none' }
  readonly pid: NamespaceMode
  readonly uts: NamespaceMode
  readonly cgroupNamespace: NamespaceMode
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly isPrivileged?: boolean
  /** Docker's `--security-opt` texts; a seccomp profile is given by its JSON. */
  readonly securityOpt?: readonly string[]
  /** File of the default seccomp profile. */
  readonly seccompPath?: string
  readonly devices?: readonly DeviceInput[]
  /** `c 1:3 rwm` */
  readonly deviceCgroupRules?: readonly string[]
  readonly sysctls?: Readonly<Record<string, string>>
  readonly ulimits?: readonly UlimitInput[]
  readonly oomScoreAdj?: number
  readonly resources?: ResourcesInput
  /** Parent of the container's cgroup; `gantry` when absent. */
  readonly cgroupParent?: string
  /** Runs the program under a small init that reaps orphans and passes signals on. */
  readonly hasInit?: boolean
  /** The init to use instead of the first one found. */
  readonly initPath?: string
  /** Instead of the default lists. */
  readonly maskedPaths?: readonly string[]
  readonly readonlyPaths?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
}

export interface DeviceInput {
  readonly hostPath: string
  readonly containerPath: string
  /** Any of `rwm`. */
  readonly permissions: string
}

export interface UlimitInput {
  /** `nofile`, `nproc`, … without RLIMIT_. */
  readonly name: string
  readonly soft: number
  /** -1 is unlimited. */
  readonly hard: number
}

/** Zero or absent means "not limited". */
export interface ResourcesInput {
  readonly memoryBytes?: number
  readonly memoryReservationBytes?: number
  /** Memory plus swap; -1 unlimited swap, 0 twice the memory. */
  readonly memorySwapBytes?: number
  readonly memorySwappiness?: number
  readonly nanoCpus?: number
  readonly cpuShares?: number
  readonly cpuPeriodUs?: number
  readonly cpuQuotaUs?: number
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly pidsLimit?: number
  readonly blkioWeight?: number
  readonly blkioDevices?: readonly {
    readonly limit: 'weight' | 'readBps' | 'writeBps' | 'readIops' | 'writeIops'
    readonly path: string
    readonly value: number
  }[]
  readonly isOomKillDisabled?: boolean
}
