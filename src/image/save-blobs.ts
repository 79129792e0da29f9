/** An image as blobs that can be written out: manifest, config and layers, whatever form they are in. */
import { EngineError } from '#base/errors.ts'
import { type Descriptor, type Manifest, mediaTypes } from '#oci/descriptor.ts'
import { chainIds, type Digest, digestOf } from '#oci/digest.ts'
import { parseManifestDocument } from '#oci/manifest.ts'
import { isCompressed, type LayerBlobs } from '#image/layer-blobs.ts'
import type { LayerPlace } from '#image/layer-tar.ts'
import { findEntries } from '#image/push-index.ts'
import type { SavedFacts, SavedImage } from '#image/save-plan.ts'
import type { ContentStore, Lease, Stores } from '#store/types.ts'

export interface SavedBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  readonly read: () => AsyncIterable<Uint8Array>
}

export interface DescribedImage extends SavedImage {
  /** What a layout's index names: the image's index when all of it is here, else its manifest. */
  readonly root: Descriptor
  readonly layers: readonly Descriptor[]
  readonly blobs: readonly SavedBlob[]
}

export interface SaveBlobsDeps {
  readonly stores: Stores
  readonly layerBlobs: LayerBlobs
  readonly lease: Lease
}

export async function describeImage(
  deps: SaveBlobsDeps,
  image: SavedImage,
  signal: AbortSignal,
): Promise<DescribedImage> {
  const { facts } = image
  const { content } = deps.stores
  const stored = (digest: Digest) => storedBlob(content, digest)
  const layers = await chooseLayers(deps, facts, signal)
  const descriptors = layers.map(({ descriptor }) => descriptor)
  const manifest = await describeManifest(content, facts, descriptors)
  const own = [...layers.map(({ blob }) => blob), stored(facts.id), manifest.blob]
  const base = { ...image, layers: descriptors }
  const isOwn = manifest.descriptor.digest === facts.manifest.digest
  const entries = isOwn && facts.index ? await findEntries(content, facts.index) : undefined
  if (!facts.index || !entries) return { ...base, root: manifest.descriptor, blobs: own }
  const others = entries.flatMap((entry) => [
    ...entry.manifest.layers.map(({ digest }) => stored(digest)),
    stored(entry.manifest.config.digest),
    stored(entry.descriptor.digest),
  ])
  return { ...base, root: facts.index, blobs: [...own, ...others, stored(facts.index.digest)] }
}

interface ChosenLayer {
  readonly descriptor: Descriptor
  readonly blob: SavedBlob
}

function chooseLayers(
  deps: SaveBlobsDeps,
  facts: SavedFacts,
  signal: AbortSignal,
): Promise<ChosenLayer[]> {
  const diffIds = facts.config.rootfs.diff_ids
  const chain = chainIds(diffIds)
  return Promise.all(
    diffIds.map((diffId, index) => {
      const [chainId, own] = [chain[index], facts.layers[index]]
      if (!chainId || !own) throw new EngineError('internal', `save ${facts.id}: no layer ${index}`)
      return chooseLayer(deps, { place: { diffId, chainId }, own }, signal)
    }),
  )
}

/** The image's own blob, its own tar made again, or another blob of the same layer: the first there is. */
async function chooseLayer(
  deps: SaveBlobsDeps,
  { place, own }: { readonly place: LayerPlace; readonly own: Descriptor },
  signal: AbortSignal,
): Promise<ChosenLayer> {
  const { content } = deps.stores
  deps.lease.keepContent(own.digest)
  deps.lease.keepSnapshot(place.chainId)
  if (content.find(own.digest)) return { descriptor: own, blob: storedBlob(content, own.digest) }
  if (!isCompressed(own)) {
    const read = () => deps.layerBlobs.tar(place, signal)
    return { descriptor: own, blob: { digest: own.digest, sizeBytes: own.size, read } }
  }
  const descriptor = await deps.layerBlobs.get(place, deps.lease, signal)
  return { descriptor, blob: storedBlob(content, descriptor.digest) }
}

/** The image's own manifest when it names just these layers, a new one otherwise. */
async function describeManifest(
  content: ContentStore,
  facts: SavedFacts,
  layers: readonly Descriptor[],
): Promise<{ readonly descriptor: Descriptor; readonly blob: SavedBlob }> {
  const own = facts.manifest
  const isSame = layers.every(({ digest }, index) => digest === facts.layers[index]?.digest)
  if (isSame) return { descriptor: own, blob: storedBlob(content, own.digest) }
  const document = parseManifestDocument(await content.readAll(own.digest), own.mediaType)
  if (document.type !== 'manifest') {
    throw new EngineError('internal', `save ${facts.id}: its manifest is an index`)
  }
  const mediaType = mediaTypes.ociManifest
  const manifest: Manifest = { ...document.manifest, mediaType, layers }
  const bytes = new TextEncoder().encode(JSON.stringify(manifest))
  const digest = digestOf(bytes)
  const read = async function* () {
    yield bytes
  }
  return {
    descriptor: { mediaType, digest, size: bytes.length },
    blob: { digest, sizeBytes: bytes.length, read },
  }
}

function storedBlob(content: ContentStore, digest: Digest): SavedBlob {
  const found = content.find(digest)
  if (!found) throw new EngineError('not_found', `content digest ${digest}: not found`)
  return { digest, sizeBytes: found.sizeBytes, read: () => content.read(digest) }
}
