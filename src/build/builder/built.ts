/** What a build gives for one platform, before it is written anywhere. */
import type { BuildGraph } from '#build/graph/types.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import type { Digest } from '#oci/digest.ts'
import type { ImageConfig, Platform } from '#oci/descriptor.ts'

export interface BuiltPlatform {
  readonly platform: Platform
  /** Complete. */
  readonly config: ImageConfig
  /** The target's layers; the build's lease holds them. */
  readonly result: SnapshotResult
  readonly graph: BuildGraph
  /** Results of `graph.layers`, in order: which step made which layers. */
  readonly steps: readonly SnapshotResult[]
  /** Base images: for provenance. */
  readonly bases: readonly { readonly reference: string; readonly digest: Digest }[]
}
