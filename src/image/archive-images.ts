/** Which images an archive holds: Docker's manifest.json, or an OCI layout's index.json. */
import { EngineError } from '#base/errors.ts'
import { decodeList, decodeObject, decodeText, type JsonObject, member } from '#oci/decode.ts'
import { type Descriptor, type Manifest, mediaTypes, type Platform } from '#oci/descriptor.ts'
import { maxConfigBytes, parseImageConfig } from '#oci/image-config.ts'
import { parseManifestDocument } from '#oci/manifest.ts'
import { chooseManifest, formatPlatform, hostPlatform, isAttestation } from '#oci/platform.ts'
import { familiarName, findReference, parseReference, withDefaultTag } from '#oci/reference.ts'
import type { ArchiveTarget, StoredArchive } from '#image/archive.ts'
import type { ImageParts } from '#image/assemble.ts'
import { describeLayer, storeManifest } from '#image/build-manifest.ts'
import { chooseImageManifest } from '#image/manifest-choice.ts'

/** An image whose blobs are stored, not unpacked yet. */
export interface ArchivedImage extends ImageParts {
  /** Familiar names with tag. */
  readonly tags: readonly string[]
}

/** @throws EngineError invalid_argument when the archive is none of images, or is damaged */
export async function findArchivedImages(
  target: ArchiveTarget,
  archive: StoredArchive,
  platform: Platform | undefined,
): Promise<ArchivedImage[]> {
  if (archive.find('manifest.json')) return await readDockerArchive(target, archive)
  if (archive.find('index.json')) return await readLayout(target, archive, platform)
  throw new EngineError(
    'invalid_argument',
    'load archive: neither manifest.json nor index.json: not an image archive',
  )
}

interface DockerEntry {
  readonly Config: string
  readonly Layers: readonly string[]
  readonly RepoTags?: readonly string[]
}

async function readDockerArchive(
  target: ArchiveTarget,
  archive: StoredArchive,
): Promise<ArchivedImage[]> {
  const json = parseJson(await archive.readAll('manifest.json'))
  const entries = decodeList(decodeDockerEntry)(json, 'manifest.json')
  const images: ArchivedImage[] = []
  for (const entry of entries) images.push(await readDockerEntry(target, archive, entry))
  return images
}

async function readDockerEntry(
  target: ArchiveTarget,
  archive: StoredArchive,
  entry: DockerEntry,
): Promise<ArchivedImage> {
  const bytes = await archive.readAll(entry.Config)
  const config = parseImageConfig(bytes)
  const digest = archive.find(entry.Config)
  if (!digest) throw missing(entry.Config)
  const configDescriptor = { mediaType: mediaTypes.ociConfig, digest, size: bytes.length }
  const layers: Descriptor[] = []
  for (const path of entry.Layers) {
    const layer = archive.find(path)
    if (!layer) throw missing(path)
    layers.push(await describeLayer(target.content, layer))
  }
  const manifest = await storeManifest(target, configDescriptor, layers)
  const tags = (entry.RepoTags ?? []).map((tag) =>
    familiarName(withDefaultTag(parseReference(tag))),
  )
  return { config, configDescriptor, manifest, layers, tags }
}

function decodeDockerEntry(value: unknown, path: string): DockerEntry {
  const json = decodeObject(value, path)
  return {
    Config: decodeText(json['Config'], `${path}.Config`),
    Layers: decodeList(decodeText)(json['Layers'] ?? [], `${path}.Layers`),
    ...member(json, 'RepoTags', decodeList(decodeText)),
  }
}

async function readLayout(
  target: ArchiveTarget,
  archive: StoredArchive,
  platform: Platform | undefined,
): Promise<ArchivedImage[]> {
  const document = parseManifestDocument(await archive.readAll('index.json'))
  if (document.type !== 'index') {
    throw new EngineError('invalid_argument', 'load archive: index.json is not an index')
  }
  const wanted = platform ?? hostPlatform()
  const entries = document.index.manifests.filter((entry) => !isAttestation(entry))
  const images: ArchivedImage[] = []
  for (const entry of entriesFor(entries, wanted)) {
    images.push(await readLayoutEntry(target, entry, wanted))
  }
  return images
}

/** Entries of one name for several platforms are one image; differently named ones are several. */
function entriesFor(entries: readonly Descriptor[], wanted: Platform): Descriptor[] {
  const byName = Map.groupBy(entries, (entry) => annotatedName(entry) ?? '')
  const chosen = [...byName].flatMap(([name, group]) => {
    const hasPlatforms = group.every(({ platform }) => platform !== undefined)
    if (group.length === 1 || (name === '' && !hasPlatforms)) return group
    const best = chooseManifest(group, wanted)
    return best ? [best] : []
  })
  if (chosen.length > 0) return chosen
  throw new EngineError(
    'not_found',
    `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`,
  )
}

async function readLayoutEntry(
  { content, lease }: ArchiveTarget,
  entry: Descriptor,
  wanted: Platform,
): Promise<ArchivedImage> {
  const { descriptor, manifest, index } = await chooseImageManifest(entry, wanted, (one) => {
    if (!content.find(one.digest)) throw missing(one.digest)
    return content.readAll(one.digest)
  })
  checkStored({ content, lease }, manifest)
  const config = parseImageConfig(await content.readAll(manifest.config.digest, maxConfigBytes))
  const name = annotatedName(entry)
  return {
    config,
    configDescriptor: manifest.config,
    manifest: descriptor,
    layers: manifest.layers,
    ...(index ? { index } : {}),
    tags: name === undefined ? [] : [name],
  }
}

function checkStored({ content, lease }: ArchiveTarget, manifest: Manifest): void {
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    lease.keepContent(digest)
    if (!content.find(digest)) throw missing(digest)
  }
}

/** containerd's annotation holds the whole name; the OCI one often only a tag, which is no name. */
function annotatedName({ annotations }: Descriptor): string | undefined {
  const whole = annotations?.['io.containerd.image.name']
  const short = annotations?.['org.opencontainers.image.ref.name']
  const text = whole ?? (short !== undefined && /[/:]/.test(short) ? short : undefined)
  const reference = text === undefined ? undefined : findReference(text)
  return reference && reference.digest === undefined
    ? familiarName(withDefaultTag(reference))
    : undefined
}

function parseJson(bytes: Uint8Array): readonly JsonObject[] {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return decodeList(decodeObject)(value, 'manifest.json')
  } catch (error) {
    throw new EngineError('invalid_argument', 'load archive: manifest.json is damaged', {
      cause: error,
    })
  }
}

function missing(what: string): EngineError {
  return new EngineError('invalid_argument', `load archive: "${what}" is missing`)
}
