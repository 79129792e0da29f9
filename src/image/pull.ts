/**
 * Pull: resolve the name, choose the manifest, fetch config and layers, unpack, write the record.
 * A lease holds everything until the record does; before that nothing is visible.
 */
import { errorKind } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { undoing } from '#base/undo.ts'
import type { Descriptor, ImageConfig } from '#oci/descriptor.ts'
import { type Digest } from '#oci/digest.ts'
import { configPlatform } from '#oci/image-config.ts'
import { formatPlatform, hostPlatform, matchesPlatform } from '#oci/platform.ts'
import { familiarName, type Reference, withDigest } from '#oci/reference.ts'
import { checkOperatingSystem, recordImage } from '#image/assemble.ts'
import type { ImageName } from '#image/catalog.ts'
import { chooseImageManifest, type ChosenManifest } from '#image/manifest-choice.ts'
import { status } from '#image/progress.ts'
import { type BlobSource, fetchConfig, layerJobs } from '#image/pull-layers.ts'
import type { ImageRecords } from '#image/records.ts'
import type { ImageId, ImageProgress, PullOptions } from '#image/types.ts'
import { unpackLayers } from '#image/unpack.ts'
import type { RegistryClient } from '#registry/types.ts'
import type { Stores } from '#store/types.ts'

export interface PullDeps {
  readonly stores: Stores
  readonly registry: RegistryClient
  readonly records: ImageRecords
  readonly log: Logger
  readonly maxConcurrentDownloads: number
}

export interface Pulled {
  readonly id: ImageId
  /** False when name and image were here already. */
  readonly isNew: boolean
}

/** Docker's last line of a pull of `name`. */
export function pullOutcome(isNew: boolean, name: string): ImageProgress {
  const outcome = isNew ? 'Downloaded newer image for' : 'Image is up to date for'
  return status(`Status: ${outcome} ${name}`)
}

/** Pulls one image, whose reference has a tag or a digest; its outcome is the caller's to tell. */
export async function pullImage(
  deps: PullDeps,
  options: PullOptions,
  signal: AbortSignal,
): Promise<Pulled> {
  try {
    return await pullUnderLease(deps, options, signal)
  } catch (error) {
    // What a full disk cut off is in everybody's way; the lease is closed, so gc takes it.
    if (errorKind(error) === 'resource_exhausted') {
      await undoing(deps.log, 'free the disk', async () => void (await deps.stores.gc.run()))()
    }
    throw error
  }
}

async function pullUnderLease(
  deps: PullDeps,
  options: PullOptions,
  signal: AbortSignal,
): Promise<Pulled> {
  const { reference, onProgress = () => undefined } = options
  const { content, leases } = deps.stores
  const name = familiarName(reference)
  await using lease = await leases.open(`pull ${name}`)
  const repository = deps.registry.repository(reference, {
    actions: ['pull'],
    ...(options.auth ? { auth: options.auth } : {}),
    ...(options.headers ? { headers: options.headers } : {}),
  })
  const source: BlobSource = { content, repository, lease, onProgress }
  const resolved = await repository.resolve(signal)
  const version = reference.digest ?? reference.tag ?? ''
  onProgress(status(`Pulling from ${reference.repository}`, version))
  const wanted = options.platform ?? hostPlatform()
  const chosen = await chooseImageManifest(resolved, wanted, (descriptor) =>
    readManifest(source, descriptor, signal),
  )
  const config = await fetchConfig(source, chosen.manifest, signal)
  checkOperatingSystem(config)
  const isKnown = deps.records.get(chosen.manifest.config.digest) !== undefined
  const jobs = layerJobs({ ...source, isKnown }, chosen.manifest, config)
  const concurrency = deps.maxConcurrentDownloads
  await unpackLayers(deps, { jobs, lease, concurrency }, signal)
  const isNew = record(deps, chosen, { config, names: namesOf(reference, resolved.digest) })
  onProgress(status(`Digest: ${resolved.digest}`))
  const warning = platformWarning(options, config)
  if (warning !== undefined) onProgress(status(warning))
  return { id: chosen.manifest.config.digest, isNew }
}

/** From the content store, or from the registry into it. */
async function readManifest(
  source: BlobSource,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { content, lease, repository } = source
  lease.keepContent(descriptor.digest)
  if (content.find(descriptor.digest)) return content.readAll(descriptor.digest)
  const bytes = await repository.fetchManifest(descriptor, signal)
  const expected = { digest: descriptor.digest }
  await content.ingest({ lease, expected, source: () => once(bytes) }, signal)
  return bytes
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The tag when that was asked for, and what it stood for; a digest alone gives no tag. */
function namesOf(reference: Reference, resolved: Digest): ImageName[] {
  const byDigest: ImageName = {
    type: 'digest',
    name: familiarName(withDigest(reference, resolved)),
  }
  if (reference.digest !== undefined) return [byDigest]
  return [{ type: 'tag', name: familiarName(reference) }, byDigest]
}

function record(
  deps: PullDeps,
  chosen: ChosenManifest,
  facts: { readonly config: ImageConfig; readonly names: readonly ImageName[] },
): boolean {
  const parts = {
    config: facts.config,
    configDescriptor: chosen.manifest.config,
    manifest: chosen.descriptor,
    layers: chosen.manifest.layers,
    ...(chosen.index ? { index: chosen.index } : {}),
  }
  const { records, stores } = deps
  return recordImage({ records, snapshots: stores.snapshots }, parts, facts.names)
}

/** A single-platform image is pulled even when it is for another platform, as Docker does. */
function platformWarning(options: PullOptions, config: ImageConfig): string | undefined {
  const { platform, reference } = options
  if (!platform || matchesPlatform(platform, configPlatform(config))) return undefined
  const [has, wants] = [configPlatform(config), platform].map(formatPlatform)
  return `WARNING: image with reference ${familiarName(reference)} was found but its platform (${has}) does not match the specified platform (${wants})`
}
