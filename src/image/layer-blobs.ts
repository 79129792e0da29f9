/**
 * Compressed blobs of layers, made when somebody first needs them. A pulled layer has its blob; a
 * built one is a snapshot until it is pushed. What was compressed once is recorded and kept
 * as long as the snapshot is, so that it is never compressed again.
 */
import { EngineError } from '#base/errors.ts'
import { type Descriptor, mediaTypes } from '#oci/descriptor.ts'
import { type DiffId, parseDigest, parseDiffId } from '#oci/digest.ts'
import { gzipBytes } from '#image/layer-blobs-gzip.ts'
import { type LayerPlace, readLayerTar } from '#image/layer-tar.ts'
import type { ImageRecords } from '#image/records.ts'
import { createSharedWork } from '#image/shared-pulls.ts'
import type { GcRoots, Lease, SqlRow, Stores } from '#store/types.ts'

export interface LayerBlobs {
  /** The compressed blob of a layer, when there is one; `lease` keeps it. */
  find(diffId: DiffId, lease: Lease): Descriptor | undefined
  /**
   * The same, compressed now when there is none. Concurrent calls share the work.
   * @throws EngineError data_loss when the snapshot's files are not what the diffID says
   */
  get(layer: LayerPlace, lease: Lease, signal: AbortSignal): Promise<Descriptor>
  /** Notes which stored blob holds a layer (fetched with a build cache). */
  record(diffId: DiffId, blob: Descriptor): void
  /** The uncompressed tar; see `readLayerTar`. */
  tar(layer: LayerPlace, signal: AbortSignal): AsyncIterable<Uint8Array>
}

const migrations = [
  `CREATE TABLE layer_blobs (
     diff_id TEXT PRIMARY KEY, digest TEXT NOT NULL, media_type TEXT NOT NULL,
     size_bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
]

export function isCompressed(descriptor: Descriptor): boolean {
  return /gzip$|zstd$/.test(descriptor.mediaType)
}

export function openLayerBlobs(stores: Stores, records: ImageRecords): LayerBlobs {
  const { content, db } = stores
  db.migrate('layer-blobs', migrations)
  stores.gc.register(gcRoots(stores))
  const work = createSharedWork<Descriptor>()
  const find: LayerBlobs['find'] = (diffId, lease) => {
    for (const blob of candidates(stores, records, diffId)) {
      lease.keepContent(blob.digest)
      if (content.find(blob.digest)) return blob
    }
    return undefined
  }
  const record = (diffId: DiffId, { digest, mediaType, size }: Descriptor) =>
    void db.run(
      'INSERT OR REPLACE INTO layer_blobs VALUES (?, ?, ?, ?)',
      diffId,
      digest,
      mediaType,
      size,
    )
  return {
    find,
    record,
    tar: (layer, signal) => readLayerTar(stores, layer, signal),
    async get(layer, lease, signal) {
      const known = find(layer.diffId, lease)
      if (known) return known
      const caller = { signal, onProgress: () => undefined }
      await work.join(layer.diffId, caller, async (_, shared) => {
        const blob = await compress(stores, layer, shared)
        record(layer.diffId, blob)
        return blob
      })
      const made = find(layer.diffId, lease)
      if (made) return made
      throw new EngineError('internal', `compress layer ${layer.diffId}: its blob is gone`)
    },
  }
}

async function compress(
  stores: Stores,
  layer: LayerPlace,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { content, leases } = stores
  await using lease = await leases.open(`compress layer ${layer.diffId}`)
  lease.keepSnapshot(layer.chainId)
  const source = () => gzipBytes(readLayerTar(stores, layer, signal))
  const digest = await content.ingest({ lease, source }, signal)
  const size = content.find(digest)?.sizeBytes ?? 0
  return { mediaType: mediaTypes.ociLayerGzip, digest, size }
}

/** What was compressed here, then what came with images. */
function* candidates({ db }: Stores, records: ImageRecords, diffId: DiffId): Generator<Descriptor> {
  const row = db.get('SELECT * FROM layer_blobs WHERE diff_id = ?', diffId)
  if (row) yield toDescriptor(row)
  for (const { id } of records.list()) {
    const facts = records.facts(id)
    const index = facts?.config.rootfs.diff_ids.indexOf(diffId) ?? -1
    const layer = facts?.layers[index]
    if (layer && isCompressed(layer)) yield layer
  }
}

function toDescriptor(row: SqlRow): Descriptor {
  return {
    mediaType: String(row['media_type']),
    digest: parseDigest(String(row['digest'])),
    size: Number(row['size_bytes']),
  }
}

/** A blob lives as long as a snapshot of its layer. */
function gcRoots({ db, snapshots }: Stores): GcRoots {
  return {
    snapshots: () => [],
    content() {
      const present = new Set<DiffId>()
      for (const { diffId } of snapshots.listCommitted()) present.add(diffId)
      return db
        .all('SELECT diff_id, digest FROM layer_blobs')
        .filter((row) => present.has(parseDiffId(String(row['diff_id']))))
        .map((row) => parseDigest(String(row['digest'])))
    },
  }
}
