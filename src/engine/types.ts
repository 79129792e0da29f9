/**
 * The composition root's product: what api/ serves.
 *
 * Life of an engine: `openEngine` opens the stores, then what stands on them, each by plain arguments; takes over
 * what an earlier engine left running and removes what it left half-made; and serves until it is disposed
 * of, which ends the containers too unless they are to live on.
 */
import type { Instant } from '#base/clock.ts'
import type { Logger } from '#base/log.ts'
import type { BuildContexts } from '#build/transfer/types.ts'
import type { Builder } from '#build/types.ts'
import type { Containers } from '#container/types.ts'
import type { Images } from '#image/types.ts'
import type { Networks } from '#network/types.ts'
import type { RegistryAuth } from '#registry/types.ts'
import type { Volumes } from '#volume/types.ts'

export interface EngineConfig {
  readonly dataRoot: string
  readonly execRoot: string
  readonly bridge: string
  readonly bip?: string
  readonly addressPools: readonly { readonly base: string; readonly size: number }[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOptions: readonly string[]
  readonly mtu: number
  readonly ip?: string
  readonly ipForward: boolean
  readonly ipMasquerade: boolean
  readonly insecureRegistries: readonly string[]
  readonly registryMirrors: readonly string[]
  readonly logDriver: string
  readonly logOptions: Readonly<Record<string, string>>
  readonly defaultRuntime: string
  readonly runtimes: Readonly<
    Record<string, { readonly path: string; readonly args?: readonly string[] }>
  >
  readonly labels: readonly string[]
  readonly shutdownTimeoutS: number
  /** Containers outlive a clean stop of the engine too (Docker's `live-restore`). */
  readonly isLiveRestore: boolean
  readonly maxConcurrentDownloads: number
  readonly initPath?: string
  readonly seccompProfile?: string
  readonly cgroupParent: string
  readonly userAgent: string
}

export type EventType = 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder'

export interface EngineEvent {
  readonly type: EventType
  readonly action: string
  readonly actorId: string
  readonly attributes: Readonly<Record<string, string>>
  readonly time: Instant
}

export interface Events {
  publish(event: Omit<EngineEvent, 'time'>): void
  /**
   * Past events (at most 256 are kept) from `since`, then new ones until `until` or the signal.
   * With `until` in the past only the kept ones.
   */
  subscribe(
    range: { readonly since?: Instant; readonly until?: Instant },
    signal: AbortSignal,
  ): AsyncIterable<EngineEvent>
}

/** Facts for /info, /version and system df, gathered on call. */
export interface SystemFacts {
  readonly id: string
  readonly name: string
  readonly kernelVersion: string
  readonly operatingSystem: string
  readonly osVersion: string
  readonly architecture: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly storageDriver: {
    readonly name: string
    readonly status: readonly (readonly [string, string])[]
  }
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  readonly cgroupVersion: '1' | '2'
  readonly securityOptions: readonly string[]
  readonly runtimeVersion: string
  readonly conmonVersion: string
  readonly defaultRuntime: string
  readonly runtimes: readonly string[]
  readonly warnings: readonly string[]
  readonly limits: Readonly<
    Record<
      | 'memory'
      | 'swap'
      | 'cpuCfs'
      | 'cpuShares'
      | 'cpuset'
      | 'pids'
      | 'oomKillDisable'
      | 'ipv4Forwarding',
      boolean
    >
  >
}

export interface Engine extends AsyncDisposable {
  readonly config: EngineConfig
  readonly log: Logger
  readonly containers: Containers
  readonly images: Images
  readonly networks: Networks
  readonly volumes: Volumes
  readonly builder: Builder
  /** How contexts come to the builder. */
  readonly buildContexts: BuildContexts
  readonly events: Events
  readonly storageDriver: string
  systemFacts(): Promise<SystemFacts>
  login(
    registry: string,
    auth: RegistryAuth,
    signal: AbortSignal,
  ): Promise<{ identityToken?: string }>
}
