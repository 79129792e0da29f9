/** `docker load`: archives of one or several images, names included. */
import { abortReason } from '#base/async.ts'
import type { Logger } from '#base/log.ts'
import { shortId } from '#base/ids.ts'
import { EngineError } from '#base/errors.ts'
import type { Platform } from '#oci/descriptor.ts'
import { storeArchive } from '#image/archive.ts'
import { type ArchivedImage, findArchivedImages } from '#image/archive-images.ts'
import { checkOperatingSystem, recordImage } from '#image/assemble.ts'
import { getImage } from '#image/lookup.ts'
import { createTransferMeter } from '#image/progress.ts'
import type { ImageRecords } from '#image/records.ts'
import type { Image, ImageEvent, OnProgress } from '#image/types.ts'
import { type LayerJob, unpackLayers } from '#image/unpack.ts'
import type { ContentStore, Stores } from '#store/types.ts'

export interface LoadDeps {
  readonly stores: Stores
  readonly records: ImageRecords
  readonly log: Logger
  readonly onEvent: (event: ImageEvent) => void
  readonly maxConcurrentDownloads: number
}

export interface LoadSource {
  readonly archive: AsyncIterable<Uint8Array>
  /** Which image of an index to take; the host's when absent. */
  readonly platform?: Platform
  readonly onProgress?: OnProgress
}

/** Nothing is named before all of an image is there. @throws EngineError invalid_argument, data_loss */
export async function loadImages(
  deps: LoadDeps,
  source: LoadSource,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const { content, leases } = deps.stores
  const onProgress = source.onProgress ?? (() => undefined)
  await using lease = await leases.open('load images')
  const archive = await storeArchive({ content, lease }, source.archive, signal)
  const found = await findArchivedImages({ content, lease }, archive, source.platform)
  for (const { config } of found) checkOperatingSystem(config)
  const loaded: Image[] = []
  for (const image of found) {
    const jobs = layerJobs(content, image, onProgress)
    const concurrency = deps.maxConcurrentDownloads
    await unpackLayers(deps, { jobs, lease, concurrency }, signal)
    loaded.push(announce(deps, image, onProgress))
  }
  return loaded
}

function layerJobs(
  content: ContentStore,
  image: ArchivedImage,
  onProgress: OnProgress,
): LayerJob[] {
  const diffIds = image.config.rootfs.diff_ids
  if (diffIds.length !== image.layers.length) {
    throw new EngineError(
      'invalid_argument',
      `invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${image.layers.length}`,
    )
  }
  return diffIds.flatMap((diffId, index) => {
    const descriptor = image.layers[index]
    if (!descriptor) return []
    const progress = { id: shortId(diffId), totalBytes: descriptor.size }
    const meter = createTransferMeter({ ...progress, action: 'Loading layer' }, onProgress)
    return {
      descriptor,
      diffId,
      onPhase: () => undefined,
      async fetch(tee: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal) {
        for await (const chunk of content.read(descriptor.digest)) {
          if (signal.aborted) throw abortReason(signal)
          await tee(chunk)
          meter.add(chunk.length)
        }
      },
    }
  })
}

function announce(deps: LoadDeps, image: ArchivedImage, onProgress: OnProgress): Image {
  const { records, stores } = deps
  const id = image.configDescriptor.digest
  const stream = (text: string) => onProgress({ type: 'stream', text: `${text}\n` })
  for (const name of image.tags) {
    const holder = records.named(name)
    if (!holder || holder.id === id) continue
    stream(
      `The image ${name} already exists, renaming the old one with ID ${holder.id} to empty string`,
    )
  }
  const names = image.tags.map((name) => ({ type: 'tag' as const, name }))
  // The manifest that an image was pulled with stays: its digest is known to a registry.
  const known = records.facts(id)
  const parts = known ? { ...known, configDescriptor: image.configDescriptor } : image
  recordImage({ records, snapshots: stores.snapshots }, parts, names)
  const labels = image.config.config?.Labels ?? {}
  deps.onEvent({ action: 'load', id, attributes: { ...labels, name: id } })
  for (const name of image.tags) stream(`Loaded image: ${name}`)
  if (image.tags.length === 0) stream(`Loaded image ID: ${id}`)
  return getImage(records, id)
}
