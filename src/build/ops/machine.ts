/** What all builds of an engine work with, and what one build brings along. */
import type { KeyedMutex } from '#base/async.ts'
import type { Logger } from '#base/log.ts'
import type { Image, Images } from '#image/types.ts'
import type { Networks } from '#network/types.ts'
import type { Digest } from '#oci/digest.ts'
import type { RegistryAuth, RegistryClient } from '#registry/types.ts'
import type { Runtime } from '#runtime/types.ts'
import type { Lease, Stores } from '#store/types.ts'
import type { BuildHold, Teardowns } from '#build/ops/hold.ts'
import type { Listings } from '#build/content/listings.ts'
import type { SelectionCache } from '#build/content/selection-cache.ts'
import type { ImportedCache } from '#build/export/cache-import.ts'
import type { ContextSource, SshForward, StepLimits } from '#build/types.ts'

export interface BuildMachine {
  /** Working directories and mounts of running steps. */
  readonly workRoot: string
  /** Kept between builds: contexts, cache mounts. */
  readonly dataRoot: string
  readonly stores: Stores
  readonly images: Images
  /** Build caches lie in registries too. */
  readonly registry: RegistryClient
  readonly runtime: Pick<Runtime, 'runOnce' | 'anticipate'>
  readonly networks: Pick<Networks, 'createSandbox' | 'connect' | 'removeSandbox'>
  readonly selections: SelectionCache
  readonly listings: Listings
  /** Holders of cache mounts with `sharing=locked`. */
  readonly cacheLocks: KeyedMutex
  /** Cache mounts with `sharing=private` in use. */
  readonly cachesInUse: Set<string>
  readonly teardowns: Teardowns
  readonly defaults: StepDefaults
  readonly log: Logger
}

/** How the engine is configured, as far as steps depend on it. */
export interface StepDefaults {
  /** The network of RUN steps; undefined = the engine has none, steps get an empty one. */
  readonly network?: string
  readonly cgroupParent: string
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOptions: readonly string[]
  /** File of the seccomp profile, or `unconfined`. */
  readonly seccompProfile?: string
}

/** One build. */
export interface BuildSession {
  readonly buildId: string
  readonly hold: BuildHold
  /** Of the hold: keeps every result of this build until its outputs are written. */
  readonly lease: Lease
  readonly contexts: ReadonlyMap<string, ContextSource>
  /** Base images by the manifest digest that this build pinned. */
  readonly images: ReadonlyMap<Digest, Image>
  /** From `--cache-from`. */
  readonly imported: ImportedCache
  readonly secrets: ReadonlyMap<string, Uint8Array>
  readonly ssh: ReadonlyMap<string, SshForward>
  readonly limits: StepLimits
  readonly allowsInsecure: boolean
  readonly allowsHostNetwork: boolean
  /** `HTTP_PROXY=…` and its kin: every RUN sees them, no key or history does. */
  readonly proxyEnv: readonly string[]
  readonly hostname: string
  readonly registryAuth: (registry: string) => RegistryAuth | undefined
}
