/** Manifests for images that come without one: imports and docker-archives. */
import { sniffCompression } from '#oci/compression.ts'
import { type Descriptor, mediaTypes } from '#oci/descriptor.ts'
import { type Digest, digestOf } from '#oci/digest.ts'
import type { ContentStore, Lease } from '#store/types.ts'

/** Stores bytes made here. @returns their descriptor */
export async function storeBytes(
  target: { readonly content: ContentStore; readonly lease: Lease },
  mediaType: string,
  bytes: Uint8Array,
): Promise<Descriptor> {
  const digest = digestOf(bytes)
  await target.content.ingest({
    lease: target.lease,
    expected: { digest, sizeBytes: bytes.length },
    source: async function* () {
      yield bytes
    },
  })
  return { mediaType, digest, size: bytes.length }
}

/** Stores an OCI manifest over a config and layers that are stored already. */
export async function storeManifest(
  target: { readonly content: ContentStore; readonly lease: Lease },
  config: Descriptor,
  layers: readonly Descriptor[],
): Promise<Descriptor> {
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers }
  const bytes = new TextEncoder().encode(JSON.stringify(manifest))
  return await storeBytes(target, mediaTypes.ociManifest, bytes)
}

/** The descriptor of a stored layer blob, its compression told by its first bytes. */
export async function describeLayer(content: ContentStore, digest: Digest): Promise<Descriptor> {
  const size = content.find(digest)?.sizeBytes ?? 0
  let start: Uint8Array = new Uint8Array()
  for await (const chunk of content.read(digest)) {
    start = chunk
    break
  }
  return { mediaType: layerTypeOf(start), digest, size }
}

/** A compression that no media type names is told by the extraction, which refuses it. */
function layerTypeOf(start: Uint8Array): string {
  const compression = sniffCompression(start)
  if (compression === 'gzip') return mediaTypes.ociLayerGzip
  return compression === 'zstd' ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer
}
