/** `rmi` with Docker's rules: names first, the image with its last name, conflicts in its words. */
import { EngineError } from '#base/errors.ts'
import { shortId } from '#base/ids.ts'
import { type ChainId, chainIds } from '#oci/digest.ts'
import { familiarRepository, parseReference } from '#oci/reference.ts'
import { getImage, isIdOf, storedName } from '#image/lookup.ts'
import type { ImageRecords } from '#image/records.ts'
import type {
  Image,
  ImageEvent,
  ImageUser,
  RemovedImage,
  RemoveImageOptions,
} from '#image/types.ts'

export interface RemoveDeps {
  readonly records: ImageRecords
  readonly onEvent: (event: ImageEvent) => void
}

/**
 * Drops the name, or the image with all its names when an id is given.
 * @returns Docker's rows; empty snapshots and blobs are left to gc
 * @throws EngineError not_found, conflict
 */
export function removeImage(
  deps: RemoveDeps,
  nameOrId: string,
  options: RemoveImageOptions,
): RemovedImage[] {
  const image = getImage(deps.records, nameOrId)
  const users = options.usedBy(image.id)
  if (isIdOf(image, nameOrId)) return removeById(deps, image, { ...options, users })
  return removeByName(deps, image, {
    ...options,
    users,
    name: storedName(parseReference(nameOrId)),
    asked: nameOrId,
  })
}

interface Removal {
  readonly force: boolean
  readonly users: readonly ImageUser[]
}

function removeById(deps: RemoveDeps, image: Image, removal: Removal): RemovedImage[] {
  const names = namesOf(image)
  const isOneRepository = isSingleReference(image)
  checkConflict(image, removal, isOneRepository ? [] : names)
  return [...untag(deps, image, names), ...drop(deps, image)]
}

function removeByName(
  deps: RemoveDeps,
  image: Image,
  removal: Removal & { readonly name: string; readonly asked: string },
): RemovedImage[] {
  const { asked, name, users, force } = removal
  const [user] = users
  if (!force && user && isSingleReference(image)) {
    throw new EngineError(
      'conflict',
      `conflict: unable to remove repository reference "${asked}" (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(image.id)}`,
    )
  }
  const rows = untag(deps, image, [name, ...orphanedDigests(image, name)])
  const left = deps.records.get(image.id)
  if (!left || namesOf(left).length > 0) return rows
  // The name is gone already: what still uses the image keeps it, without a name.
  if (users.some(({ isRunning }) => isRunning) || (!force && users.length > 0)) return rows
  return [...rows, ...drop(deps, left)]
}

/** Digest names of a repository go with its last tag. */
function orphanedDigests(image: Image, name: string): string[] {
  const repository = repositoryOf(name)
  const isTag = image.repoTags.includes(name)
  const hasOtherTag = image.repoTags.some((tag) => tag !== name && repositoryOf(tag) === repository)
  if (!isTag || hasOtherTag) return []
  return image.repoDigests.filter((digest) => repositoryOf(digest) === repository)
}

/** At most one tag, and every name in one repository. */
function isSingleReference(image: Image): boolean {
  const repositories = new Set(namesOf(image).map(repositoryOf))
  return image.repoTags.length <= 1 && repositories.size <= 1
}

function checkConflict(image: Image, { force, users }: Removal, names: readonly string[]): void {
  const running = users.find(({ isRunning }) => isRunning)
  if (running) {
    const container = shortId(running.containerId)
    throw cannotDelete(
      image,
      'cannot be forced',
      `image is being used by running container ${container}`,
    )
  }
  if (force) return
  if (names.length > 0) {
    throw cannotDelete(image, 'must be forced', 'image is referenced in multiple repositories')
  }
  const [stopped] = users
  if (stopped) {
    const container = shortId(stopped.containerId)
    throw cannotDelete(
      image,
      'must be forced',
      `image is being used by stopped container ${container}`,
    )
  }
}

function cannotDelete(image: Image, force: string, reason: string): EngineError {
  return new EngineError(
    'conflict',
    `conflict: unable to delete ${shortId(image.id)} (${force}) - ${reason}`,
  )
}

function untag(deps: RemoveDeps, image: Image, names: readonly string[]): RemovedImage[] {
  if (names.length === 0) return []
  deps.records.dropNames(names)
  return names.map((untagged) => {
    deps.onEvent(eventOf('untag', image, untagged))
    return { untagged }
  })
}

function drop(deps: RemoveDeps, image: Image): RemovedImage[] {
  deps.records.remove(image.id)
  deps.onEvent(eventOf('delete', image, image.id))
  const kept = new Set(deps.records.list().flatMap(chainOf))
  const gone = chainOf(image).filter((name) => !kept.has(name))
  return [image.id, ...gone.toReversed()].map((deleted) => ({ deleted }))
}

function eventOf(action: 'untag' | 'delete', image: Image, name: string): ImageEvent {
  const labels = image.config.config?.Labels ?? {}
  return { action, id: image.id, attributes: { ...labels, name } }
}

function chainOf(image: Image): ChainId[] {
  return chainIds(image.config.rootfs.diff_ids)
}

function namesOf(image: Image): string[] {
  return [...image.repoTags, ...image.repoDigests]
}

function repositoryOf(name: string): string {
  return familiarRepository(parseReference(name))
}
