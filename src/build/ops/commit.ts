/** A step's upper directory becomes a layer. */
import { now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { ResultLayer, SnapshotResult } from '#build/ops/result.ts'
import { chainIds, parseDiffId, parseDigest } from '#oci/digest.ts'
import type { Lease, SnapshotKey } from '#store/types.ts'
import { digestLayer } from '#sys/trees/jobs.ts'
import type { LayerDigest } from '#sys/trees/layer-digest.ts'

export interface StepCommit {
  /** What the snapshot was prepared over. */
  readonly parent: SnapshotResult
  readonly key: SnapshotKey
  readonly lease: Lease
  readonly latestTime: number | undefined
}

/** Commits without waiting for the disk: exporting an image does that, once. */
export async function commitStep(
  { stores }: BuildMachine,
  { parent, key, lease, latestTime }: StepCommit,
  signal: AbortSignal,
): Promise<SnapshotResult> {
  const { snapshots } = stores
  const digest = await digestLayer(snapshots.upperDirectory(key), latestTime, signal)
  const layer = nextLayer(parent, digest)
  const below = parent.layers.at(-1)?.chainId
  lease.keepSnapshot(layer.chainId)
  await snapshots.commit(key, {
    name: layer.chainId,
    diffId: layer.diffId,
    sizeBytes: layer.sizeBytes,
    isDurable: false,
    ...(below === undefined ? {} : { parent: below }),
  })
  return { kind: 'snapshot', layers: [...parent.layers, layer] }
}

function nextLayer(parent: SnapshotResult, digest: LayerDigest): ResultLayer {
  const { contentDigest, sizeBytes, tarBytes } = digest
  const diffId = parseDiffId(digest.diffId)
  const diffIds = [...parent.layers.map((layer) => layer.diffId), diffId]
  const chainId = chainIds(diffIds).at(-1)
  if (!chainId) throw new EngineError('internal', 'commit step: no layers')
  return {
    chainId,
    diffId,
    contentDigest: parseDigest(contentDigest),
    sizeBytes,
    tarBytes,
    createdAt: now(),
  }
}
