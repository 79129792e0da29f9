/** One build on its way out. */
import type { Instant } from '#base/clock.ts'
import type { BuiltPlatform } from '#build/builder/built.ts'
import type { Perform } from '#build/builder/progress.ts'
import type { BuildCache } from '#build/cache/store.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { BuildRequest } from '#build/types.ts'
import type { Images } from '#image/types.ts'
import type { Lease } from '#store/types.ts'

export interface ExportJob {
  readonly machine: BuildMachine
  readonly images: Images
  readonly cache: BuildCache
  readonly buildId: string
  readonly startedAt: Instant
  readonly request: BuildRequest
  readonly built: readonly BuiltPlatform[]
  /** Holds every result, and what the outputs are made of. */
  readonly lease: Lease
  readonly around: Perform
}
