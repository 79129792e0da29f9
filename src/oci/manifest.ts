/**
 * Manifests and indexes as they come from a registry or an archive: OCI image-spec
 * manifest.md and image-index.md, and Docker's schema 2. Everything is checked here once.
 */
import { EngineError } from '#base/errors.ts'
import {
  decodeList,
  decodeObject,
  decodeRecord,
  decodeSize,
  decodeText,
  type JsonObject,
  member,
  parseJsonObject,
} from '#oci/decode.ts'
import {
  type Descriptor,
  type Index,
  type Manifest,
  mediaTypes,
  type Platform,
} from '#oci/descriptor.ts'
import { parseDigest } from '#oci/digest.ts'

/** Larger manifests and indexes are refused, here and on the wire. */
export const maxManifestBytes = 4 * 1024 * 1024
const maxEntries = 10_000

export type ManifestDocument =
  | { readonly type: 'manifest'; readonly manifest: Manifest }
  | { readonly type: 'index'; readonly index: Index }

const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest]
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerManifestList]
const schema1Prefix = 'application/vnd.docker.distribution.manifest.v1+'
const layerTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  mediaTypes.dockerLayerForeign,
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
])

export function isIndexType(mediaType: string): boolean {
  return indexTypes.includes(mediaType)
}

/** The `Accept` header of a manifest request. */
export const manifestAccept = [...manifestTypes, ...indexTypes].join(', ')

/** True for layers that unpack to files; false for artifacts (signatures, charts, …). */
export function isLayerType(mediaType: string): boolean {
  return layerTypes.has(mediaType)
}

/**
 * Reads a manifest or an index. `mediaType` is what the descriptor or the `Content-Type` header
 * says it is: a document that says something else of itself is refused (CVE-2021-41190), as is
 * one that has the members of both.
 * @throws EngineError invalid_argument
 */
export function parseManifestDocument(bytes: Uint8Array, mediaType?: string): ManifestDocument {
  if (bytes.length > maxManifestBytes) {
    throw refused(`larger than ${maxManifestBytes} bytes`)
  }
  const json = parseJsonObject(bytes, 'manifest')
  const own = member(json, 'mediaType', decodeText).mediaType
  if (json['schemaVersion'] === 1 || mediaType?.startsWith(schema1Prefix)) {
    throw refused('image manifest version 2, schema 1 is no longer supported')
  }
  if (json['schemaVersion'] !== 2) throw refused('unsupported schema version')
  if (own !== undefined && mediaType !== undefined && own !== mediaType) {
    throw refused(`media type "${own}" does not match "${mediaType}"`)
  }
  const hasEntries = 'manifests' in json
  const hasLayers = 'layers' in json || 'config' in json || 'fsLayers' in json
  if (hasEntries && hasLayers) throw refused('it is both an image and an index')
  const effective = own ?? mediaType ?? (hasEntries ? mediaTypes.ociIndex : mediaTypes.ociManifest)
  if (indexTypes.includes(effective)) return { type: 'index', index: decodeIndex(json) }
  if (manifestTypes.includes(effective)) {
    return { type: 'manifest', manifest: decodeManifest(json) }
  }
  throw refused(`unsupported media type "${effective}"`)
}

/** @throws EngineError invalid_argument when a member is missing or of the wrong type */
export function decodeDescriptor(value: unknown, path: string): Descriptor {
  const json = decodeObject(value, path)
  return {
    mediaType: decodeText(json['mediaType'], `${path}.mediaType`),
    digest: parseDigest(decodeText(json['digest'], `${path}.digest`)),
    size: decodeSize(json['size'], `${path}.size`),
    ...member(json, 'urls', decodeList(decodeText)),
    ...member(json, 'annotations', decodeRecord(decodeText)),
    ...member(json, 'platform', decodePlatform),
    ...member(json, 'artifactType', decodeText),
  }
}

export function decodePlatform(value: unknown, path: string): Platform {
  const json = decodeObject(value, path)
  return {
    os: decodeText(json['os'], `${path}.os`),
    architecture: decodeText(json['architecture'], `${path}.architecture`),
    ...member(json, 'variant', decodeText),
    ...member(json, 'os.version', decodeText),
    ...member(json, 'os.features', decodeList(decodeText)),
  }
}

function decodeManifest(json: JsonObject): Manifest {
  const layers = decodeList(decodeDescriptor)(json['layers'], 'layers')
  if (layers.length > maxEntries) throw refused('too many layers')
  return {
    schemaVersion: 2,
    ...member(json, 'mediaType', decodeText),
    ...member(json, 'artifactType', decodeText),
    config: decodeDescriptor(json['config'], 'config'),
    layers,
    ...member(json, 'subject', decodeDescriptor),
    ...member(json, 'annotations', decodeRecord(decodeText)),
  }
}

function decodeIndex(json: JsonObject): Index {
  const manifests = decodeList(decodeDescriptor)(json['manifests'], 'manifests')
  if (manifests.length > maxEntries) throw refused('too many manifests')
  return {
    schemaVersion: 2,
    ...member(json, 'mediaType', decodeText),
    manifests,
    ...member(json, 'annotations', decodeRecord(decodeText)),
  }
}

function refused(detail: string): EngineError {
  return new EngineError('invalid_argument', `read manifest: ${detail}`)
}
