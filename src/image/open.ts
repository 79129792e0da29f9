import type { Logger } from '#base/log.ts'
import { familiarName, familiarRepository, withDefaultTag } from '#oci/reference.ts'
import { layerSizes } from '#image/assemble.ts'
import { createImage, describeMade } from '#image/create.ts'
import { imageHistory } from '#image/history.ts'
import { importImage } from '#image/import.ts'
import { loadImages } from '#image/load.ts'
import { openLayerBlobs } from '#image/layer-blobs.ts'
import { findImage, getImage } from '#image/lookup.ts'
import { pullAllTags } from '#image/pull-all.ts'
import { type Pulled, pullImage, pullOutcome } from '#image/pull.ts'
import { pushImages } from '#image/push.ts'
import { chainIdOf, contentOf } from '#image/record-codec.ts'
import { type ImageRecords, openImageRecords } from '#image/records.ts'
import { removeImage } from '#image/remove.ts'
import { archiveParts, saveImages } from '#image/save.ts'
import { createSharedWork, type SharedWork } from '#image/shared-pulls.ts'
import { tagImage } from '#image/tag.ts'
import type { Image, ImageEvent, Images, OnProgress, PullOptions } from '#image/types.ts'
import type { RegistryClient } from '#registry/types.ts'
import type { GcRoots, Stores } from '#store/types.ts'

export interface ImagesDeps {
  readonly stores: Stores
  readonly registry: RegistryClient
  readonly log: Logger
  readonly onEvent: (event: ImageEvent) => void
  /** Layers fetched and unpacked at once, per pull. */
  readonly maxConcurrentDownloads: number
}

/** Opens the image service: reads the records, and keeps from gc what they name. */
export async function openImages(options: ImagesDeps): Promise<Images> {
  const log = options.log.child({ component: 'image' })
  const { stores } = options
  const records = openImageRecords(stores.db, log)
  stores.gc.register(gcRoots(records))
  const layerBlobs = openLayerBlobs(stores, records)
  const deps = { ...options, log, records, layerBlobs }
  const pulls = createSharedWork<Pulled>()
  const pullOne = (one: PullOptions, onProgress: OnProgress, signal: AbortSignal) =>
    pullShared({ ...deps, pulls }, { ...one, onProgress }, signal)
  return {
    get: (nameOrId) => getImage(records, nameOrId),
    find: (nameOrId) => findImage(records, nameOrId),
    list: () => records.list(),
    async pull(pullOptions, signal) {
      const { onProgress = () => undefined } = pullOptions
      const reference = withDefaultTag(pullOptions.reference)
      const { id, isNew } = await pullOne({ ...pullOptions, reference }, onProgress, signal)
      onProgress(pullOutcome(isNew, familiarName(reference)))
      return getImage(records, id)
    },
    async pullAll(pullOptions, signal) {
      const ids = await pullAllTags({ ...deps, pullOne }, pullOptions, signal)
      return ids.map((id) => getImage(records, id))
    },
    load: (archive, loadOptions, signal) => loadImages(deps, { ...loadOptions, archive }, signal),
    import: (rootfs, importOptions, signal) =>
      importImage(deps, { ...importOptions, rootfs }, signal),
    layerBlobs,
    describe: (image, hold) => describeMade(deps, image, hold),
    create: (parts, names) => createImage(deps, parts, names),
    archive: (archived, signal) => archiveParts(deps, archived, signal),
    push: (pushOptions, signal) => pushImages(deps, pushOptions, signal),
    save: (names, saveOptions, signal) => saveImages(deps, { ...saveOptions, names }, signal),
    tag: (nameOrId, target) => tagImage(deps, nameOrId, target),
    remove: async (nameOrId, removeOptions) => removeImage(deps, nameOrId, removeOptions),
    history: (nameOrId) => imageHistory(getImage(records, nameOrId), layerSizes(stores.snapshots)),
  }
}

interface SharedPullDeps extends ImagesDeps {
  readonly records: ImageRecords
  readonly pulls: SharedWork<Pulled>
}

async function pullShared(
  deps: SharedPullDeps,
  options: PullOptions,
  signal: AbortSignal,
): Promise<Pulled> {
  const { onProgress = () => undefined, ...rest } = options
  const { reference } = rest
  // Other credentials may see another image under the same name.
  const key = JSON.stringify([reference, rest.platform, rest.auth, rest.headers])
  return await deps.pulls.join(key, { onProgress, signal }, async (tell, shared) => {
    const pulled = await pullImage(deps, { ...rest, onProgress: tell }, shared)
    const labels = deps.records.get(pulled.id)?.config.config?.Labels ?? {}
    const name = familiarRepository(reference)
    deps.onEvent({ action: 'pull', id: familiarName(reference), attributes: { ...labels, name } })
    return pulled
  })
}

function gcRoots(records: ImageRecords): GcRoots {
  const allFacts = () => records.list().flatMap(({ id }: Image) => records.facts(id) ?? [])
  return {
    content: () => allFacts().flatMap(contentOf),
    snapshots: () => allFacts().flatMap((facts) => chainIdOf(facts) ?? []),
  }
}
