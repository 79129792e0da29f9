/** Images that are made here, by a build: their layers are snapshots, and perhaps not compressed yet. */
import { mapPool } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { type Descriptor, type Manifest, mediaTypes } from '#oci/descriptor.ts'
import { chainIds, type DiffId } from '#oci/digest.ts'
import { maxConfigBytes, parseImageConfig } from '#oci/image-config.ts'
import { familiarName, type Reference, withDefaultTag } from '#oci/reference.ts'
import { type ImageParts, recordImage } from '#image/assemble.ts'
import { storeBytes } from '#image/build-manifest.ts'
import type { BlobForm, LayerBlobs } from '#image/layer-blobs.ts'
import { inFamily, type MediaFamily } from '#image/media-types.ts'
import { getImage } from '#image/lookup.ts'
import type { ImageRecords } from '#image/records.ts'
import type { Image, ImageEvent } from '#image/types.ts'
import type { Lease, Stores } from '#store/types.ts'

export interface MadeLayer {
  readonly diffId: DiffId
  /** Length of the uncompressed tar. */
  readonly tarBytes: number
}

export interface MadeImage {
  /** JSON of the image config. */
  readonly config: Uint8Array
  /** Lowest first; the snapshots are committed. */
  readonly layers: readonly MadeLayer[]
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>
  /**
   * `compressed` makes the blobs that are missing, for images that leave the machine; `present`
   * takes those there are and names the other layers by their uncompressed tars. A form of
   * blobs makes those that are missing in that form.
   */
  readonly form: 'present' | 'compressed' | BlobForm
  /** OCI's when absent. */
  readonly mediaFamily?: MediaFamily
}

export interface CreateDeps {
  readonly stores: Stores
  readonly records: ImageRecords
  readonly layerBlobs: LayerBlobs
  readonly onEvent: (event: ImageEvent) => void
}

/** Compressing uses all cores for one layer already; two fill the gaps. */
const layersAtOnce = 2

/** Stores config and manifest of an image. Nothing refers to them yet but `lease`. */
export async function describeMade(
  deps: Pick<CreateDeps, 'stores' | 'layerBlobs'>,
  image: MadeImage,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<ImageParts> {
  const target = { content: deps.stores.content, lease }
  if (image.config.length > maxConfigBytes) {
    throw new EngineError('invalid_argument', `image config: larger than ${maxConfigBytes} bytes`)
  }
  const chain = chainIds(image.layers.map(({ diffId }) => diffId))
  const places = image.layers.map((layer, index) => ({ ...layer, chainId: chain[index] }))
  const { form, mediaFamily = 'oci' } = image
  const blobs = await mapPool(places, layersAtOnce, async ({ chainId, ...layer }, poolSignal) => {
    const wanted = typeof form === 'object' ? { ...layer, form } : layer
    const known = deps.layerBlobs.find(wanted, lease)
    if (known || chainId === undefined) return known ?? tarDescriptor(layer)
    if (form === 'present') return tarDescriptor(layer)
    const either = AbortSignal.any([signal, poolSignal])
    return await deps.layerBlobs.get({ ...wanted, chainId }, lease, either)
  })
  const layers = blobs.map((blob) => inFamily(blob, mediaFamily))
  const types = manifestTypes[mediaFamily]
  const configDescriptor = await storeBytes(target, types.config, image.config)
  const document: Manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: configDescriptor,
    layers,
    ...(image.annotations ? { annotations: image.annotations } : {}),
  }
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const manifest = await storeBytes(target, types.manifest, bytes)
  return { config: parseImageConfig(image.config), configDescriptor, manifest, layers }
}

const manifestTypes = {
  oci: { manifest: mediaTypes.ociManifest, config: mediaTypes.ociConfig },
  docker: { manifest: mediaTypes.dockerManifest, config: mediaTypes.dockerConfig },
}

/** Makes an image of stored parts and gives it the names. */
export async function createImage(
  deps: CreateDeps,
  parts: ImageParts,
  names: readonly Reference[],
): Promise<Image> {
  const { records, stores } = deps
  const top = chainIds(parts.config.rootfs.diff_ids).at(-1)
  if (top !== undefined) await stores.snapshots.makeDurable(top)
  const tags = names.map((name) => familiarName(withDefaultTag(name)))
  const facts = tags.map((name) => ({ type: 'tag' as const, name }))
  recordImage({ records, snapshots: stores.snapshots }, parts, facts)
  const id = parts.configDescriptor.digest
  const labels = parts.config.config?.Labels ?? {}
  for (const name of tags) deps.onEvent({ action: 'tag', id, attributes: { ...labels, name } })
  return getImage(records, id)
}

function tarDescriptor({ diffId, tarBytes }: MadeLayer): Descriptor {
  return { mediaType: mediaTypes.ociLayer, digest: diffId, size: tarBytes }
}
