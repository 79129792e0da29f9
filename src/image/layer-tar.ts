/** A layer's uncompressed tar, made again from its snapshot. */
import { createHash } from 'node:crypto'
import { branded } from '#base/brand.ts'
import { EngineError } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import type { ChainId, DiffId } from '#oci/digest.ts'
import type { ContentStore, SnapshotKey, Snapshotter } from '#store/types.ts'
import { archiveDirectory } from '#sys/tar/archiver.ts'

export interface LayerPlace {
  readonly diffId: DiffId
  /** Of the stack that ends with this layer. */
  readonly chainId: ChainId
}

/**
 * The tar whose digest is the diffID: a stored one, or the snapshot's files archived.
 * @throws EngineError data_loss after the last byte, when the digest is another: the layer came
 *   from elsewhere and its own archive is gone
 */
export async function* readLayerTar(
  deps: { readonly content: ContentStore; readonly snapshots: Snapshotter },
  { diffId, chainId }: LayerPlace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (deps.content.find(diffId)) {
    yield* deps.content.read(diffId)
    return
  }
  const hash = createHash('sha256')
  // Named like a container's, so that a crash leaves nothing that the next start does not sweep.
  const key = branded<SnapshotKey>(randomId())
  const mount = await deps.snapshots.view(key, chainId)
  try {
    const directory = mount.type === 'bind' ? mount.source : mount.lowerDirs[0]
    if (directory === undefined) throw new EngineError('internal', `archive ${chainId}: no layer`)
    const options = { directory, asLayer: true, leavesOutRoot: true }
    for await (const chunk of archiveDirectory(options, signal)) {
      hash.update(chunk)
      yield chunk
    }
  } finally {
    await deps.snapshots.remove(key)
  }
  const found = `sha256:${hash.digest('hex')}`
  if (found === diffId) return
  throw new EngineError('data_loss', `archive layer ${diffId}: its files give ${found}`, {
    hint: 'the archive that it came in is gone: pull or load its image again',
  })
}
