/**
 * Compressed blobs of layers, made when somebody first needs them. A pulled layer has its blob; a
 * built one is a snapshot until it is pushed. What was compressed once is recorded and kept
 * as long as the snapshot is, so that it is never compressed again.
 */
import { Readable } from 'node:stream'
import { constants, createZstdCompress } from 'node:zlib'
import { EngineError } from '#base/errors.ts'
import { type Descriptor, mediaTypes } from '#oci/descriptor.ts'
import { type DiffId, parseDigest, parseDiffId } from '#oci/digest.ts'
import { gzipBytes } from '#image/layer-blobs-gzip.ts'
import { type LayerPlace, readLayerTar } from '#image/layer-tar.ts'
import { compressionOf, type LayerCompression } from '#image/media-types.ts'
import type { ImageRecords } from '#image/records.ts'
import { createSharedWork } from '#image/shared-pulls.ts'
import type { GcRoots, Lease, SqlRow, Stores } from '#store/types.ts'

export interface LayerBlobs {
  /** The blob of a layer, when there is one that serves; `lease` keeps it. */
  find(layer: WantedLayer, lease: Lease): Descriptor | undefined
  /**
   * The same, made now when there is none. Concurrent calls share the work.
   * @throws EngineError data_loss when the snapshot's files are not what the diffID says
   */
  get(layer: LayerPlace & WantedLayer, lease: Lease, signal: AbortSignal): Promise<Descriptor>
  /** Notes which stored blob holds a layer (fetched with a build cache). */
  record(diffId: DiffId, blob: Descriptor): void
  /** The uncompressed tar; see `readLayerTar`. */
  tar(layer: LayerPlace, signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** What a blob that is made is like. */
export interface BlobForm {
  readonly compression: LayerCompression
  /** Of the compression's own scale. */
  readonly level?: number
  /** A blob in another compression does not serve. */
  readonly isForced: boolean
}

export interface WantedLayer {
  readonly diffId: DiffId
  /** Absent: any compressed blob serves, gzip is made. */
  readonly form?: BlobForm
}

const usualForm: BlobForm = { compression: 'gzip', isForced: false }

const migrations = [
  `CREATE TABLE layer_blobs (
     diff_id TEXT PRIMARY KEY, digest TEXT NOT NULL, media_type TEXT NOT NULL,
     size_bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE layer_blob_forms (
     diff_id TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL,
     size_bytes INTEGER NOT NULL, PRIMARY KEY (diff_id, media_type)) STRICT, WITHOUT ROWID`,
  'INSERT INTO layer_blob_forms SELECT * FROM layer_blobs',
  'DROP TABLE layer_blobs',
]

export function isCompressed(descriptor: Descriptor): boolean {
  return compressionOf(descriptor) !== 'uncompressed'
}

export function openLayerBlobs(stores: Stores, records: ImageRecords): LayerBlobs {
  const { content, db } = stores
  db.migrate('layer-blobs', migrations)
  stores.gc.register(gcRoots(stores))
  const work = createSharedWork<Descriptor>()
  const find: LayerBlobs['find'] = ({ diffId, form = usualForm }, lease) => {
    for (const blob of candidates(stores, records, diffId)) {
      if (!serves(blob, form)) continue
      lease.keepContent(blob.digest)
      if (content.find(blob.digest)) return blob
    }
    return undefined
  }
  const record = (diffId: DiffId, { digest, mediaType, size }: Descriptor) =>
    void db.run(
      'INSERT OR REPLACE INTO layer_blob_forms VALUES (?, ?, ?, ?)',
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
      const known = find(layer, lease)
      if (known) return known
      const { compression } = layer.form ?? usualForm
      const caller = { signal, onProgress: () => undefined }
      await work.join(`${layer.diffId} ${compression}`, caller, async (_, shared) => {
        const blob = await makeBlob(stores, layer, shared)
        record(layer.diffId, blob)
        return blob
      })
      const made = find(layer, lease)
      if (made) return made
      throw new EngineError('internal', `compress layer ${layer.diffId}: its blob is gone`)
    },
  }
}

/** What is not compressed serves only whom it was made for. */
function serves(blob: Descriptor, { compression, isForced }: BlobForm): boolean {
  const own = compressionOf(blob)
  return own === compression || (!isForced && own !== 'uncompressed')
}

async function makeBlob(
  stores: Stores,
  layer: LayerPlace & WantedLayer,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { content, leases } = stores
  await using lease = await leases.open(`compress layer ${layer.diffId}`)
  lease.keepSnapshot(layer.chainId)
  const form = layer.form ?? usualForm
  const source = () => compressed(readLayerTar(stores, layer, signal), form)
  const digest = await content.ingest({ lease, source }, signal)
  const size = content.find(digest)?.sizeBytes ?? 0
  const mediaType = ociLayerTypes[form.compression]
  return { mediaType, digest, size }
}

const ociLayerTypes: Readonly<Record<LayerCompression, string>> = {
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
  uncompressed: mediaTypes.ociLayer,
}

function compressed(
  tar: AsyncIterable<Uint8Array>,
  { compression, level }: BlobForm,
): AsyncIterable<Uint8Array> {
  if (compression === 'uncompressed') return tar
  return compression === 'gzip' ? gzipBytes(tar, level) : zstdBytes(tar, level)
}

async function* zstdBytes(
  source: AsyncIterable<Uint8Array>,
  level = constants.ZSTD_CLEVEL_DEFAULT,
): AsyncGenerator<Uint8Array> {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  yield* Readable.from(source, { objectMode: false }).compose(createZstdCompress({ params }))
}

/** What was compressed here, then what came with images. */
function* candidates({ db }: Stores, records: ImageRecords, diffId: DiffId): Generator<Descriptor> {
  const made = db.all(
    'SELECT * FROM layer_blob_forms WHERE diff_id = ? ORDER BY media_type',
    diffId,
  )
  yield* made.map(toDescriptor)
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
        .all('SELECT diff_id, digest FROM layer_blob_forms')
        .filter((row) => present.has(parseDiffId(String(row['diff_id']))))
        .map((row) => parseDigest(String(row['digest'])))
    },
  }
}
