/** The layers of an image on their way to a repository, several at once, in Docker's words. */
import { mapPool } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { shortId } from '#base/ids.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { chainIds, type DiffId } from '#oci/digest.ts'
import { familiarName } from '#oci/reference.ts'
import { type BlobForm, isCompressed, type LayerBlobs } from '#image/layer-blobs.ts'
import type { LayerPlace } from '#image/layer-tar.ts'
import { createTransferMeter, status } from '#image/progress.ts'
import { mountSource } from '#image/push-names.ts'
import type { ImageFacts } from '#image/record-codec.ts'
import type { ImageRecords } from '#image/records.ts'
import type { OnProgress } from '#image/types.ts'
import type { Repository } from '#registry/types.ts'
import type { ContentStore, Lease } from '#store/types.ts'

/** As Docker's `max-concurrent-uploads`. */
const maxUploads = 5

export interface PushTarget {
  readonly repository: Repository
  readonly records: ImageRecords
  readonly content: ContentStore
  readonly layerBlobs: LayerBlobs
  readonly lease: Lease
  readonly onProgress: OnProgress
}

/** Sends what the registry lacks. @returns the blobs of all layers as pushed, lowest first */
export async function pushLayers(
  target: PushTarget,
  facts: ImageFacts,
  signal: AbortSignal,
): Promise<Descriptor[]> {
  const places = layerPlaces(facts)
  // Topmost first, as Docker lists them; a layer that occurs twice is sent once.
  const jobs = places.toReversed()
  for (const { place } of jobs) target.onProgress(status('Preparing', shortId(place.diffId)))
  for (const { place } of jobs.slice(maxUploads)) {
    target.onProgress(status('Waiting', shortId(place.diffId)))
  }
  const pushed = new Map<DiffId, Descriptor>()
  await mapPool(jobs, maxUploads, async (job, poolSignal) => {
    const either = AbortSignal.any([signal, poolSignal])
    pushed.set(job.place.diffId, await pushLayer(target, job, either))
  })
  return facts.config.rootfs.diff_ids.flatMap((diffId) => pushed.get(diffId) ?? [])
}

interface LayerJob {
  readonly place: LayerPlace
  /** The blob that the image's manifest names. */
  readonly own: Descriptor
}

/** Each distinct layer once, lowest first. */
function layerPlaces(facts: ImageFacts): LayerJob[] {
  const diffIds = facts.config.rootfs.diff_ids
  const chain = chainIds(diffIds)
  const jobs = new Map<DiffId, LayerJob>()
  for (const [index, diffId] of diffIds.entries()) {
    const [chainId, own] = [chain[index], facts.layers[index]]
    if (!chainId || !own) throw new EngineError('internal', `push ${facts.id}: no layer ${index}`)
    if (!jobs.has(diffId)) jobs.set(diffId, { place: { diffId, chainId }, own })
  }
  return [...jobs.values()]
}

async function pushLayer(
  target: PushTarget,
  { place, own }: LayerJob,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { onProgress, repository } = target
  const id = shortId(place.diffId)
  const blob = await chooseBlob(target, { place, own }, signal)
  if (!target.content.find(blob.digest)) {
    onProgress(status('Layer already exists', id))
    return blob
  }
  const outcome = await pushBlob(target, blob, { signal, id })
  switch (outcome.type) {
    case 'existed':
      onProgress(status('Layer already exists', id))
      return blob
    case 'mounted': {
      const { registry } = repository.reference
      const from = familiarName({ registry, repository: outcome.from })
      onProgress(status(`Mounted from ${from}`, id))
      return blob
    }
    case 'pushed':
      onProgress(status('Pushed', id))
      return blob
  }
}

/** The image's own blob where it is at hand, or held by the registry; else another of the same layer. */
async function chooseBlob(
  { content, layerBlobs, lease, repository }: PushTarget,
  { place, own }: LayerJob,
  signal: AbortSignal,
): Promise<Descriptor> {
  const isChosen = () => layerBlobs.find({ ...place, form: asTar }, lease)?.digest === own.digest
  if (isCompressed(own) || isChosen()) {
    lease.keepContent(own.digest)
    if (content.find(own.digest)) return own
    if (await repository.hasBlob(own.digest, signal)) return own
  }
  return await layerBlobs.get(place, lease, signal)
}

/** A build may have asked for layers that are not compressed. */
const asTar: BlobForm = { compression: 'uncompressed', isForced: true }

type PushOutcome =
  | { readonly type: 'existed' | 'pushed' }
  | { readonly type: 'mounted'; readonly from: string }

/** Sends one stored blob unless the registry has it. `id` names it in the progress, if it shows. */
export async function pushBlob(
  { content, onProgress, records, repository }: PushTarget,
  blob: Descriptor,
  { signal, id }: { readonly signal: AbortSignal; readonly id?: string },
): Promise<PushOutcome> {
  const from = mountSource(records, blob.digest, repository.reference)
  const meter =
    id === undefined
      ? undefined
      : createTransferMeter({ id, action: 'Pushing', totalBytes: blob.size }, onProgress)
  let toldBytes = 0
  const outcome = await repository.pushBlob(
    {
      descriptor: blob,
      source: () => content.read(blob.digest),
      ...(from === undefined ? {} : { mountFrom: from }),
      onSent(sentBytes) {
        meter?.add(sentBytes - toldBytes)
        toldBytes = sentBytes
      },
    },
    signal,
  )
  return outcome === 'mounted' && from !== undefined
    ? { type: 'mounted', from }
    : { type: outcome === 'existed' ? 'existed' : 'pushed' }
}
