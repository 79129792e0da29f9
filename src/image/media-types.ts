/** Layers of a manifest have media types of one family: OCI's, or Docker's of before. */
import { type Descriptor, mediaTypes } from '#oci/descriptor.ts'

export type MediaFamily = 'oci' | 'docker'

export type LayerCompression = 'gzip' | 'zstd' | 'uncompressed'

const layerTypes: Readonly<Record<MediaFamily, Readonly<Record<LayerCompression, string>>>> = {
  oci: {
    gzip: mediaTypes.ociLayerGzip,
    zstd: mediaTypes.ociLayerZstd,
    uncompressed: mediaTypes.ociLayer,
  },
  docker: {
    gzip: mediaTypes.dockerLayerGzip,
    // Docker never defined one, and containerd knows none.
    zstd: mediaTypes.ociLayerZstd,
    uncompressed: mediaTypes.dockerLayer,
  },
}

export function compressionOf({ mediaType }: Pick<Descriptor, 'mediaType'>): LayerCompression {
  if (mediaType.endsWith('gzip')) return 'gzip'
  return mediaType.endsWith('zstd') ? 'zstd' : 'uncompressed'
}

/** The same blob under its name in that family; foreign layers keep theirs. */
export function inFamily(layer: Descriptor, family: MediaFamily): Descriptor {
  const isKnown = /^application\/vnd\.(?:oci\.image\.layer\.v1|docker\.image\.rootfs\.diff)\.tar/
  if (!isKnown.test(layer.mediaType)) return layer
  return { ...layer, mediaType: layerTypes[family][compressionOf(layer)] }
}
