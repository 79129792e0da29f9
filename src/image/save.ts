/**
 * `docker save`: one tar that is a docker-archive (`manifest.json`) and an OCI layout (`index.json`)
 * over the same blobs. Compressed layers are written as they are stored; a layer that is only a
 * snapshot is archived on the way out, and not compressed.
 */
import { EngineError } from '#base/errors.ts'
import type { Platform } from '#oci/descriptor.ts'
import type { Digest } from '#oci/digest.ts'
import { configPlatform } from '#oci/image-config.ts'
import { formatPlatform, matchesPlatform } from '#oci/platform.ts'
import { familiarName, type Reference, withDefaultTag } from '#oci/reference.ts'
import type { ImageParts } from '#image/assemble.ts'
import type { LayerBlobs } from '#image/layer-blobs.ts'
import type { ImageRecords } from '#image/records.ts'
import { describeImage, type SavedBlob } from '#image/save-blobs.ts'
import { dockerManifest, layoutIndex, repositoriesFile } from '#image/save-files.ts'
import { planSave, type SavedImage } from '#image/save-plan.ts'
import { type ArchiveMember, jsonMember, writeArchive } from '#image/save-tar.ts'
import type { ImageEvent } from '#image/types.ts'
import type { Lease, Stores } from '#store/types.ts'

export interface SaveDeps {
  readonly stores: Stores
  readonly records: ImageRecords
  readonly layerBlobs: LayerBlobs
  readonly onEvent: (event: ImageEvent) => void
}

export interface SaveRequest {
  readonly names: readonly string[]
  readonly platform?: Platform
}

/** @throws EngineError not_found before the first byte */
export async function saveImages(
  deps: SaveDeps,
  { names, platform }: SaveRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const images = planSave(deps.records, names)
  for (const image of images) checkPlatform(image, platform)
  return streamArchive(deps, images, signal)
}

async function* streamArchive(
  deps: SaveDeps,
  images: readonly SavedImage[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await using lease = await deps.stores.leases.open('save images')
  yield* writeArchive(archiveMembers({ ...deps, lease }, { images, format: 'docker' }, signal))
  for (const { facts } of images) {
    deps.onEvent({ action: 'save', id: facts.id, attributes: { name: facts.id } })
  }
}

export interface ArchivedParts {
  readonly parts: ImageParts
  /** With tag. */
  readonly names: readonly Reference[]
  /** `oci`: a layout and no more; `docker`: what `docker load` reads too. */
  readonly format: ArchiveFormat
  /** Holds the parts until the archive is written. */
  readonly lease: Lease
}

export type ArchiveFormat = 'oci' | 'docker'

/** The archive of an image that need not be recorded: an output of a build. */
export function archiveParts(
  deps: Omit<SaveDeps, 'onEvent'>,
  { format, lease, names, parts }: ArchivedParts,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const facts = { ...parts, id: parts.configDescriptor.digest }
  const tags = names.map((name) => familiarName(withDefaultTag(name)))
  const images = { images: [{ facts, tags }], format }
  return writeArchive(archiveMembers({ ...deps, lease }, images, signal))
}

interface ArchivedImages {
  readonly images: readonly SavedImage[]
  readonly format: ArchiveFormat
}

/** Blobs first, each once; then the files that tell what they are. */
async function* archiveMembers(
  deps: Omit<SaveDeps, 'onEvent'> & { readonly lease: Lease },
  { format, images }: ArchivedImages,
  signal: AbortSignal,
): AsyncGenerator<ArchiveMember> {
  yield { type: 'directory', path: 'blobs' }
  yield { type: 'directory', path: 'blobs/sha256' }
  const written = new Set<Digest>()
  const described = []
  for (const image of images) {
    const description = await describeImage(deps, image, signal)
    described.push(description)
    for (const blob of description.blobs) {
      if (written.has(blob.digest)) continue
      written.add(blob.digest)
      yield blobMember(blob)
    }
  }
  yield jsonMember('index.json', layoutIndex(described))
  if (format === 'docker') yield jsonMember('manifest.json', dockerManifest(described))
  yield jsonMember('oci-layout', { imageLayoutVersion: '1.0.0' })
  if (format === 'docker') yield jsonMember('repositories', repositoriesFile(described))
}

function blobMember({ digest, sizeBytes, read }: SavedBlob): ArchiveMember {
  return { type: 'file', path: `blobs/${digest.replace(':', '/')}`, sizeBytes, read }
}

function checkPlatform({ facts }: SavedImage, platform: Platform | undefined): void {
  if (!platform || matchesPlatform(platform, configPlatform(facts.config))) return
  throw new EngineError(
    'not_found',
    `no suitable export target found for platform ${formatPlatform(platform)}`,
  )
}
