/**
 * The builder. Life of a build: the Dockerfile is parsed and linted; the tags of
 * its base images are resolved once and pinned; reachable stages are lowered to
 * a graph; the solver runs what the cache does not hold, each step on a snapshot
 * of its parent, committed as one layer; exporters make of the target's stack of
 * layers an image, an archive or a directory. Everything is held by one lease
 * until the outputs are written.
 */
import type { Instant } from '#base/clock.ts'
import type { Warning } from '#build/lint/types.ts'
import type { Reason } from '#build/cache/why.ts'
import type { VertexStatus } from '#build/solver/types.ts'
import type { SourceRange } from '#build/dockerfile/source.ts'
import type { Annotation } from '#build/export/annotations.ts'
import type { BlobForm } from '#image/layer-blobs.ts'
import type { MediaFamily } from '#image/media-types.ts'
import type { Platform } from '#oci/descriptor.ts'
import type { Digest } from '#oci/digest.ts'
import type { Reference } from '#oci/reference.ts'
import type { RegistryAuth } from '#registry/types.ts'

export interface Builder {
  /** @throws EngineError; nothing of a failed or cancelled build stays but cached steps */
  build(request: BuildRequest, signal: AbortSignal): Promise<BuildOutcome>
  /** Checks only: `--check`, `--call=outline|targets`. */
  inspect(request: InspectRequest, signal: AbortSignal): Promise<InspectOutcome>
  prune(options: PruneOptions): Promise<PruneOutcome>
  /** Cached steps, cache mounts and kept contexts. */
  diskUsage(): Promise<readonly CacheUsage[]>
  history: BuildHistory
}

/** Where files of a context come from; directories are read-only for the builder. */
export type ContextSource =
  /** A directory that a transfer filled under the data root. */
  | { readonly kind: 'directory'; readonly path: string; readonly ignore: readonly string[] }
  | { readonly kind: 'git'; readonly url: string }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'oci-layout'; readonly path: string; readonly tag?: string }

export interface BuildRequest {
  /** `context` is the main one. */
  readonly contexts: ReadonlyMap<string, ContextSource>
  readonly dockerfile: { readonly name: string; readonly text: string }
  /** The same for every build of a project: where its context comes from. */
  readonly origin?: string
  /** `--why`: tell of each step that runs what differs from the nearest cached one. */
  readonly explains?: boolean
  readonly target?: string
  readonly buildArgs: ReadonlyMap<string, string>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: readonly Annotation[]
  readonly tags: readonly Reference[]
  /** Empty = the engine's own. Several make an index. */
  readonly platforms: readonly Platform[]
  readonly outputs: readonly BuildOutput[]
  readonly uncachedStages: 'all' | ReadonlySet<string>
  readonly alwaysPulls: boolean
  readonly secrets: ReadonlyMap<string, Uint8Array>
  /** Forwards one connection to the client's ssh agent of that id. */
  readonly ssh: ReadonlyMap<string, SshForward>
  readonly limits: StepLimits
  readonly network: 'default' | 'none' | 'host'
  /** `--allow security.insecure` */
  readonly allowsInsecure: boolean
  /** `--allow network.host`; a build whose own network is the host's needs no word more. */
  readonly allowsHostNetwork: boolean
  readonly cacheFrom: readonly CacheLocation[]
  readonly cacheTo: readonly CacheLocation[]
  readonly provenance?: 'min' | 'max'
  readonly squashes: boolean
  readonly registryAuth: (registry: string) => RegistryAuth | undefined
  readonly onEvent: (event: BuildEvent) => void
}

export type SshForward = () => Promise<{ readonly socketPath: string } & AsyncDisposable>

/** What really bounds each RUN step. */
export interface StepLimits {
  readonly memoryBytes: number
  readonly memorySwapBytes: number
  readonly cpuShares: number
  readonly cpuPeriodUs: number
  readonly cpuQuotaUs: number
  readonly cpusetCpus: string
  readonly cpusetMems: string
  readonly shmSizeBytes: number
  readonly cgroupParent: string
  readonly ulimits: readonly {
    readonly name: string
    readonly soft: number
    readonly hard: number
  }[]
  readonly extraHosts: readonly string[]
}

export type BuildOutput =
  | { readonly type: 'image'; readonly isPushed: boolean; readonly form?: ImageForm }
  /** Written to where the client asked: `write` gets a tar stream (`docker`, `oci`, `tar`, `local`). */
  | {
      readonly type: 'docker' | 'oci' | 'tar' | 'local'
      readonly form?: ImageForm
      readonly write: (archive: AsyncIterable<Uint8Array>) => Promise<void>
    }

/** `compression=`, `compression-level=`, `force-compression=`, `oci-mediatypes=` of an output. */
export interface ImageForm {
  /** Of layers that have no blob yet, or of all when it is forced. */
  readonly blobs?: BlobForm
  readonly mediaFamily: MediaFamily
}

export type CacheLocation =
  | { readonly type: 'inline' }
  | { readonly type: 'registry'; readonly reference: string; readonly mode: 'min' | 'max' }
  | { readonly type: 'local'; readonly path: string; readonly mode: 'min' | 'max' }

/** Progress of a build; the API turns these into Docker's stream or our own events. */
export type BuildEvent =
  | {
      readonly type: 'vertex-started'
      readonly vertex: VertexInfo
      readonly why: readonly Reason[]
      readonly at: Instant
    }
  | { readonly type: 'vertex-cached'; readonly vertex: VertexInfo; readonly at: Instant }
  | {
      readonly type: 'vertex-output'
      readonly id: string
      readonly stream: 'stdout' | 'stderr'
      readonly chunk: Uint8Array
    }
  | { readonly type: 'vertex-status'; readonly id: string; readonly status: VertexStatus }
  | { readonly type: 'vertex-completed'; readonly vertex: VertexInfo; readonly at: Instant }
  | {
      readonly type: 'vertex-failed'
      readonly vertex: VertexInfo
      readonly message: string
      readonly at: Instant
    }
  | { readonly type: 'warning'; readonly warning: Warning }

export interface VertexInfo {
  readonly id: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly range?: SourceRange
}

export interface BuildOutcome {
  readonly buildId: string
  /** Config digest of the image of the first platform. */
  readonly imageId?: Digest
  /** Digest of the manifest, or of the index for several platforms or attestations. */
  readonly descriptor?: Digest
  /** `--metadata-file`. */
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface InspectRequest {
  readonly dockerfile: { readonly name: string; readonly text: string }
  readonly call: 'check' | 'outline' | 'targets'
  readonly target?: string
  readonly buildArgs: ReadonlyMap<string, string>
  readonly ignore: readonly string[]
}

export type InspectOutcome =
  | {
      readonly call: 'check'
      readonly warnings: readonly Warning[]
      readonly isError: boolean
      /** What would fail a build before its first step. */
      readonly failure?: { readonly message: string; readonly excerpt?: string }
    }
  | { readonly call: 'outline'; readonly outline: Outline }
  | { readonly call: 'targets'; readonly targets: readonly TargetInfo[] }

export interface Outline {
  readonly name?: string
  readonly description?: string
  readonly args: readonly {
    readonly name: string
    readonly description?: string
    readonly value?: string
  }[]
  readonly secrets: readonly { readonly id: string; readonly isRequired: boolean }[]
  readonly ssh: readonly { readonly id: string; readonly isRequired: boolean }[]
}

export interface TargetInfo {
  readonly name: string
  readonly base: string
  readonly description?: string
  readonly isDefault: boolean
}

export interface PruneOptions {
  readonly isAll: boolean
  readonly unusedForMs?: number
  readonly space?: SpaceLimits
  readonly ids?: readonly string[]
}

/** Bytes; 0 and absent are no limit. */
export interface SpaceLimits {
  /** `--keep-storage`, `--reserved-space`: always stays. */
  readonly reservedBytes?: number
  /** `--max-used-space` */
  readonly maxUsedBytes?: number
  /** `--min-free-space` of the disk that the cache is on. */
  readonly minFreeBytes?: number
}

export interface PruneOutcome {
  readonly ids: readonly string[]
  readonly freedBytes: number
}

export interface CacheUsage {
  readonly id: string
  readonly description: string
  readonly type: 'regular' | 'source.local' | 'exec.cachemount'
  readonly sizeBytes: number
  readonly createdAt: Instant
  readonly lastUsedAt: Instant
  readonly useCount: number
  readonly isInUse: boolean
  readonly isShared: boolean
}

/** Past builds, newest first; bounded in number. */
export interface BuildHistory {
  list(): readonly BuildHistoryEntry[]
  /** @throws EngineError not_found */
  get(buildId: string): BuildHistoryEntry
  /** Everything that a build said, as plain progress. */
  logs(buildId: string): AsyncIterable<Uint8Array>
}

export interface BuildHistoryEntry {
  readonly buildId: string
  readonly name: string
  readonly status: 'running' | 'completed' | 'failed' | 'cancelled'
  readonly startedAt: Instant
  readonly finishedAt?: Instant
  readonly totalSteps: number
  readonly cachedSteps: number
  readonly imageId?: Digest
  readonly error?: string
}
