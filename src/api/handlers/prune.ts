import { now } from '#base/clock.ts'
import { errorKind } from '#base/errors.ts'
import type { ContainerRecord } from '#container/types.ts'
import type { Image, RemovedImage } from '#image/types.ts'
import { type Answer, json } from '#api/answer.ts'
import { type Call, isSince } from '#api/call.ts'
import { imagePredicate } from '#api/filters/images.ts'
import { matchesLabels } from '#api/filters/labels.ts'
import { parseUntil } from '#api/filters/time.ts'
import { toDeleteItem } from '#api/mapping/image.ts'
import { imageUsers, volumeUsers } from '#api/usage.ts'
import { parseQueryBool } from '#wire/bool.ts'
import type { ContainersPruneResponse } from '#wire/containers.ts'
import { type Filters, parseFilters } from '#wire/filters.ts'
import type { ImagesPruneResponse } from '#wire/images.ts'
import type { NetworksPruneResponse } from '#wire/networks.ts'
import type { VolumesPruneResponse } from '#wire/volumes.ts'

const prunableStates = new Set(['created', 'exited', 'dead'])

export async function pruneContainers(call: Call): Promise<Answer> {
  const filters = parseFilters(call.query.get('filters'), ['label', 'label!', 'until'])
  const matches = containerPruneFilter(filters)
  const deleted: string[] = []
  for (const record of call.engine.containers.list()) {
    if (!prunableStates.has(record.state.status) || !matches(record)) continue
    const isRemoved = await removes(() =>
      call.engine.containers.remove(record.id, { force: false, volumes: false }),
    )
    if (isRemoved) deleted.push(record.id)
  }
  publishPrune(call, 'container', 0)
  return json({
    ContainersDeleted: deleted.length > 0 ? deleted : null,
    SpaceReclaimed: 0,
  } satisfies ContainersPruneResponse)
}

function containerPruneFilter(filters: Filters): (record: ContainerRecord) => boolean {
  const [until] = filters['until'] ?? []
  const limit = until === undefined ? undefined : parseUntil(until, now())
  return ({ spec, createdAt }) =>
    matchesLabels(spec.labels, filters['label'], filters['label!']) &&
    (limit === undefined || createdAt < limit)
}

/** Dangling images without a container; with `dangling=false` all without one. */
export async function pruneImages(call: Call): Promise<Answer> {
  const { images, containers } = call.engine
  const filters = parseFilters(call.query.get('filters'), ['dangling', 'label', 'label!', 'until'])
  const { dangling, ...others } = filters
  const onlyDangling = parseQueryBool(dangling?.[0] ?? 'true')
  const matches = imagePredicate(images, others, now())
  const used = new Set(containers.list().map(({ imageId }) => imageId))
  const items: RemovedImage[] = []
  let reclaimedBytes = 0
  for (const image of images.list()) {
    if (used.has(image.id) || !matches(image)) continue
    if (onlyDangling && image.repoTags.length > 0) continue
    const isRemoved = await removes(async () => {
      items.push(...(await removeWhole(call, image)))
    })
    if (isRemoved) reclaimedBytes += image.sizeBytes
  }
  publishPrune(call, 'image', reclaimedBytes)
  return json({
    ImagesDeleted: items.length > 0 ? items.map(toDeleteItem) : null,
    SpaceReclaimed: reclaimedBytes,
  } satisfies ImagesPruneResponse)
}

function removeWhole(call: Call, image: Image): Promise<readonly RemovedImage[]> {
  const { images, containers } = call.engine
  return images.remove(image.id, {
    force: image.repoTags.length > 1,
    noPrune: false,
    usedBy: (id) => imageUsers(containers.list(), id),
  })
}

/** Unused volumes: since 1.42 only anonymous ones unless `all` is set. */
export async function pruneVolumes(call: Call): Promise<Answer> {
  const { volumes, containers } = call.engine
  const filters = parseFilters(call.query.get('filters'), ['all', 'label', 'label!'])
  const isAll = !isSince(call, '1.42') || parseQueryBool(filters['all']?.[0])
  const users = volumeUsers(containers.list())
  const deleted: string[] = []
  for (const { name, labels, isAnonymous } of volumes.list()) {
    if (users.has(name) || !(isAll || isAnonymous)) continue
    if (!matchesLabels(labels, filters['label'], filters['label!'])) continue
    if (await removes(() => volumes.remove(name, []))) deleted.push(name)
  }
  publishPrune(call, 'volume', 0)
  return json({
    VolumesDeleted: deleted.length > 0 ? deleted : null,
    SpaceReclaimed: 0,
  } satisfies VolumesPruneResponse)
}

/** The networks that there are, the predefined ones, are never unused. */
export function pruneNetworks(call: Call): Answer {
  parseFilters(call.query.get('filters'), ['label', 'label!', 'until'])
  publishPrune(call, 'network', 0)
  return json({ NetworksDeleted: null } satisfies NetworksPruneResponse)
}

/** False when the object came into use, or went, since it was listed. */
async function removes(remove: () => Promise<void>): Promise<boolean> {
  try {
    await remove()
    return true
  } catch (error) {
    const kind = errorKind(error)
    if (kind === 'conflict' || kind === 'not_found') return false
    throw error
  }
}

function publishPrune(
  call: Call,
  type: 'container' | 'image' | 'network' | 'volume',
  bytes: number,
): void {
  call.engine.events.publish({
    type,
    action: 'prune',
    actorId: '',
    attributes: { reclaimed: bytes.toString() },
  })
}
