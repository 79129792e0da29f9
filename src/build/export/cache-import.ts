/** `--cache-from`: records of other engines' builds; a layer is fetched when its record is hit. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeyedMutex } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import {
  cacheConfigType,
  decodeCacheDocument,
  diffIdAnnotation,
  inlineCacheKey,
  type SharedCache,
} from '#build/export/cache-format.ts'
import { layoutBlob } from '#build/export/cache-places.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import type { CacheKey, CacheRecord } from '#build/solver/types.ts'
import type { BuildRequest, CacheLocation } from '#build/types.ts'
import { unpackLayers } from '#image/unpack.ts'
import { parseJsonObject } from '#oci/decode.ts'
import { type Descriptor, type Manifest } from '#oci/descriptor.ts'
import { type DiffId, digestOf, parseDiffId } from '#oci/digest.ts'
import { parseImageConfig } from '#oci/image-config.ts'
import { isIndexType, parseManifestDocument } from '#oci/manifest.ts'
import { isAttestation } from '#oci/platform.ts'
import { parseReference, withDefaultTag } from '#oci/reference.ts'
import type { Lease } from '#store/types.ts'

/** The caches that one build may take from. */
export interface ImportedCache {
  find(key: CacheKey): CacheRecord | undefined
  /** Brings a result's layers here; false when they are nowhere. */
  fetch(result: SnapshotResult, signal: AbortSignal): Promise<boolean>
}

export interface ImportDeps {
  readonly machine: BuildMachine
  readonly request: Pick<BuildRequest, 'cacheFrom' | 'registryAuth'>
  readonly lease: Lease
  readonly around: <T>(name: string, work: () => Promise<T>) => Promise<T>
}

/** Reads one blob of a place from `offset`. */
type ReadBlob = (
  descriptor: Descriptor,
  offset: number,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array>

interface Place {
  readonly root: Descriptor
  readonly readBlob: ReadBlob
  readonly readManifest: (descriptor: Descriptor) => Promise<Uint8Array>
}

interface RemoteLayer {
  readonly descriptor: Descriptor
  readonly readBlob: ReadBlob
}

/** A cache that cannot be read is passed over, as with BuildKit: the build runs what it lacks. */
export async function importCaches(deps: ImportDeps, signal: AbortSignal): Promise<ImportedCache> {
  const records = new Map<CacheKey, CacheRecord>()
  const layers = new Map<DiffId, RemoteLayer>()
  for (const location of deps.request.cacheFrom) {
    if (location.type === 'inline') continue
    const name = location.type === 'local' ? location.path : location.reference
    const read = () => readPlace(deps, location, signal)
    await deps
      .around(`importing cache manifest from ${name}`, async () => {
        const { caches, readBlob } = await read()
        for (const cache of caches) {
          for (const { keys, ...record } of cache.records) {
            for (const key of keys) records.set(key, record)
          }
          for (const [diffId, descriptor] of cache.blobs)
            layers.set(diffId, { descriptor, readBlob })
        }
      })
      .catch((error: unknown) => {
        if (signal.aborted) throw error
      })
  }
  const locks = createKeyedMutex()
  return {
    find: (key) => records.get(key),
    async fetch(result, fetchSignal) {
      // One after the other: results share layers, and the second finds them there.
      using _ = await locks.acquire('fetch', fetchSignal)
      return await fetchLayers(deps, { result, layers }, fetchSignal)
    },
  }
}

interface ReadCaches {
  readonly caches: readonly SharedCache[]
  readonly readBlob: ReadBlob
}

async function readPlace(
  deps: ImportDeps,
  location: Exclude<CacheLocation, { readonly type: 'inline' }>,
  signal: AbortSignal,
): Promise<ReadCaches> {
  const place =
    location.type === 'local'
      ? await openLayout(location.path)
      : await openRepository(deps, location.reference, signal)
  const caches: SharedCache[] = []
  for (const manifest of await manifestsOf(place)) {
    const cache = await readCache(place, manifest, signal)
    if (cache) caches.push(cache)
  }
  return { caches, readBlob: place.readBlob }
}

async function openRepository(
  { machine, request }: ImportDeps,
  name: string,
  signal: AbortSignal,
): Promise<Place> {
  const reference = withDefaultTag(parseReference(name))
  const auth = request.registryAuth(reference.registry)
  const repository = machine.registry.repository(reference, {
    actions: ['pull'],
    ...(auth ? { auth } : {}),
  })
  return {
    root: await repository.resolve(signal),
    readBlob: (descriptor, offset, blobSignal) =>
      repository.fetchBlob(descriptor, offset, blobSignal),
    readManifest: (descriptor) => repository.fetchManifest(descriptor, signal),
  }
}

async function openLayout(directory: string): Promise<Place> {
  const bytes = await readFile(join(directory, 'index.json'))
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const root = { mediaType, digest: digestOf(bytes), size: bytes.length }
  return {
    root,
    readBlob: ({ digest }, start) => createReadStream(layoutBlob(directory, digest), { start }),
    async readManifest({ digest }) {
      return digest === root.digest ? bytes : await readFile(layoutBlob(directory, digest))
    },
  }
}

/** The manifests of an index, or the one that there is; what is told of attestations is no cache. */
async function manifestsOf({ readManifest, root }: Place): Promise<Manifest[]> {
  const document = parseManifestDocument(await readManifest(root), root.mediaType)
  if (document.type === 'manifest') return [document.manifest]
  const entries = document.index.manifests.filter(
    (entry) => !isAttestation(entry) && !isIndexType(entry.mediaType),
  )
  const manifests: Manifest[] = []
  for (const entry of entries) {
    const inner = parseManifestDocument(await readManifest(entry), entry.mediaType)
    if (inner.type === 'manifest') manifests.push(inner.manifest)
  }
  return manifests
}

const maxConfigBytes = 32 * 1024 * 1024

async function readCache(
  { readBlob }: Place,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<SharedCache | undefined> {
  const bytes = await readWhole(readBlob(manifest.config, 0, signal), manifest.config)
  const json = parseJsonObject(bytes, 'build cache')
  if (manifest.config.mediaType === cacheConfigType) {
    const blobs = manifest.layers.flatMap((layer) => {
      const diffId = layer.annotations?.[diffIdAnnotation]
      return diffId === undefined ? [] : [[parseDiffId(diffId), layer] as const]
    })
    return { records: decodeCacheDocument(json), blobs: new Map(blobs) }
  }
  const inline = json[inlineCacheKey]
  if (inline === undefined) return undefined
  const { rootfs } = parseImageConfig(bytes)
  const blobs = rootfs.diff_ids.flatMap((diffId, index) => {
    const layer = manifest.layers[index]
    return layer ? [[diffId, layer] as const] : []
  })
  return { records: decodeCacheDocument(inline), blobs: new Map(blobs) }
}

/** A small blob, checked against its digest. */
async function readWhole(
  chunks: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
): Promise<Uint8Array> {
  if (size > maxConfigBytes) {
    throw new EngineError('resource_exhausted', `read build cache: larger than ${maxConfigBytes}`)
  }
  const gathered: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    gathered.push(chunk)
    length += chunk.length
    if (length > size) break
  }
  const bytes = Buffer.concat(gathered)
  if (digestOf(bytes) === digest) return bytes
  throw new EngineError('data_loss', `read build cache: ${digest} has other content`)
}

interface FetchedResult {
  readonly result: SnapshotResult
  readonly layers: ReadonlyMap<DiffId, RemoteLayer>
}

async function fetchLayers(
  { lease, machine }: ImportDeps,
  { layers, result }: FetchedResult,
  signal: AbortSignal,
): Promise<boolean> {
  const { content, snapshots } = machine.stores
  const lowest = result.layers.findLastIndex(({ chainId }) => snapshots.has(chainId)) + 1
  const isComplete = result.layers.slice(lowest).every(({ diffId }) => layers.has(diffId))
  if (!isComplete) return false
  const jobs = result.layers.map(({ diffId, sizeBytes }) => {
    const remote = layers.get(diffId)
    const descriptor = remote?.descriptor ?? { mediaType: '', digest: diffId, size: sizeBytes }
    return {
      descriptor,
      diffId,
      onPhase: () => undefined,
      async fetch(tee: (chunk: Uint8Array) => Promise<void>, fetchSignal: AbortSignal) {
        if (!remote) throw new EngineError('not_found', `build cache: no layer ${diffId}`)
        const expected = { digest: descriptor.digest, sizeBytes: descriptor.size }
        const source = (offset: number) => remote.readBlob(descriptor, offset, fetchSignal)
        await content.ingest({ lease, expected, source, tee }, fetchSignal)
        machine.images.layerBlobs.record(diffId, descriptor)
      },
    }
  })
  const deps = { stores: machine.stores, log: machine.log }
  await unpackLayers(deps, { jobs, lease, concurrency: 3 }, signal)
  return true
}
