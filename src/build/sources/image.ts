/** A base image as a stack of snapshots. */
import { EngineError } from '#base/errors.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import { chainIds, type Digest } from '#oci/digest.ts'

/** @throws EngineError not_found when its layers were removed since this build resolved it */
export function imageResult(
  { stores }: BuildMachine,
  { images, lease }: BuildSession,
  digest: Digest,
): SnapshotResult {
  const image = images.get(digest)
  if (!image) throw new EngineError('internal', `load base image ${digest}: not resolved`)
  const diffIds = image.config.rootfs.diff_ids
  const chain = chainIds(diffIds)
  const top = chain.at(-1)
  if (top !== undefined) {
    lease.keepSnapshot(top)
    if (!stores.snapshots.has(top)) {
      throw new EngineError('not_found', `load base image ${digest}: its layers were removed`)
    }
  }
  const layers = diffIds.flatMap((diffId, index) => {
    const chainId = chain[index]
    return chainId === undefined
      ? []
      : [{ chainId, diffId, contentDigest: diffId, sizeBytes: 0, tarBytes: 0 }]
  })
  return { kind: 'snapshot', layers }
}
