/** From what a name resolves to, down to the one manifest of a platform and its config. */
import { EngineError } from '#base/errors.ts'
import { type Descriptor, type Manifest, mediaTypes, type Platform } from '#oci/descriptor.ts'
import { type ManifestDocument, parseManifestDocument } from '#oci/manifest.ts'
import { chooseManifest, formatPlatform } from '#oci/platform.ts'

export interface ChosenManifest {
  readonly descriptor: Descriptor
  readonly manifest: Manifest
  /** The outermost index, when the name was one. */
  readonly index?: Descriptor
}

/** An index within an index is legal; deeper nesting is nobody's. */
const maxDepth = 3

/**
 * @param read brings the bytes of a manifest or index, verified against its digest
 * @throws EngineError not_found when no entry is for `platform`
 */
export async function chooseImageManifest(
  start: Descriptor,
  platform: Platform,
  read: (descriptor: Descriptor) => Promise<Uint8Array>,
): Promise<ChosenManifest> {
  let descriptor = start
  for (let depth = 0; depth < maxDepth; depth++) {
    const document = await readDocument(descriptor, read)
    if (document.type === 'manifest') {
      checkIsImage(document.manifest)
      const index = depth === 0 ? {} : { index: start }
      return { descriptor, manifest: document.manifest, ...index }
    }
    const chosen = chooseManifest(document.index.manifests, platform)
    if (!chosen) {
      throw new EngineError(
        'not_found',
        `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
      )
    }
    descriptor = chosen
  }
  throw new EngineError(
    'invalid_argument',
    `read manifest ${start.digest}: indexes nested too deep`,
  )
}

async function readDocument(
  descriptor: Descriptor,
  read: (descriptor: Descriptor) => Promise<Uint8Array>,
): Promise<ManifestDocument> {
  const type = descriptor.mediaType === '' ? undefined : descriptor.mediaType
  return parseManifestDocument(await read(descriptor), type)
}

/** Charts, signatures and other artifacts have manifests too, but are no images. */
function checkIsImage(manifest: Manifest): void {
  const { mediaType } = manifest.config
  const isConfig = mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig
  // Some old builders wrote no more than this.
  if (isConfig || mediaType === 'application/octet-stream') return
  throw new EngineError('invalid_argument', `unsupported media type ${mediaType}`)
}
