import { mkdir, rm } from 'node:fs/promises'
import { hostname as machineName } from 'node:os'
import { abortReason } from '#base/async.ts'
import { now } from '#base/clock.ts'
import { EngineError, errorKind } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import { undoing } from '#base/undo.ts'
import { planMounts } from '#container/binds.ts'
import { announce, type ContainerContext } from '#container/context.ts'
import { mergeConfig } from '#container/merge.ts'
import { fillVolumes, nameVolumes, realizeMounts, snapshotKey } from '#container/mounts.ts'
import { checkedName, randomName } from '#container/names.ts'
import { inheritedMounts, withInherited } from '#container/volumes-from.ts'
import { containerPaths } from '#container/paths.ts'
import { hostnameOf } from '#container/process.ts'
import type { ContainerRecord, ContainerSpec, CreateContainerRequest } from '#container/types.ts'
import { validateSpec } from '#container/validate.ts'
import type { Image } from '#image/types.ts'
import { formatPlatform, matchesPlatform } from '#oci/platform.ts'

export interface CreatedContainer {
  readonly id: string
  readonly warnings: readonly string[]
}

/**
 * Everything is checked before anything is made. What a crash leaves is found by
 * the id: a snapshot and a directory without a record; and where volumes without
 * a name are made, a record in state `removing` that takes them along.
 * @throws EngineError not_found (image, or its platform), conflict (name), invalid_argument
 */
export async function createContainer(
  context: ContainerContext,
  request: CreateContainerRequest,
  signal?: AbortSignal,
): Promise<CreatedContainer> {
  // Clients start what they create: the wait is over when they do.
  context.runtime.anticipate()
  const image = imageFor(context, request)
  const wished = mergeConfig(request, image.config.config ?? {})
  const { spec: checked, warnings } = validateSpec(wished, context.cgroupLimits)
  const spec = withHostname(context, checked)
  context.runtime.checkName(spec.host.runtime)
  const inherited = inheritedMounts(context, spec)
  const plans = planMounts(spec, new Set(inherited.map(({ target }) => target)))
  const id = randomId()
  const name =
    request.name === undefined || request.name === ''
      ? randomName((taken) => context.table.hasName(taken))
      : checkedName(request.name)

  using _layers = holdLayers(context, id, image)
  await using undo = new AsyncDisposableStack()
  context.table.claimName(name, id)
  undo.defer(() => context.table.releaseName(name, id))
  const named = nameVolumes(plans)
  const draft: ContainerRecord = {
    id,
    name,
    createdAt: now(),
    imageId: image.id,
    imageName: request.imageName,
    spec,
    state: { status: 'created' },
    restartCount: 0,
    isStoppedByUser: false,
    mounts: named,
  }
  if (named.some((mount) => mount.type === 'volume' && mount.isAnonymous)) {
    context.table.insert({ ...draft, state: { status: 'removing', removesVolumes: true } })
    undo.defer(undoing(context.log, 'remove unfinished container', () => dropDraft(context, draft)))
  }
  await makeFilesystem(context, { id, image, isVolatile: spec.host.isAutoRemove, undo })
  const mounts = withInherited(await realizeMounts(context, plans, named), inherited)
  await fillVolumes(context, id, mounts)
  if (signal?.aborted) throw abortReason(signal)

  const record: ContainerRecord = { ...draft, mounts }
  context.table.insert(record)
  undo.move()
  context.table.publish(record)
  announce(context, record, { action: 'create' })
  return { id, warnings }
}

/** An image of another platform counts as none, so that clients pull the one they asked for. */
function imageFor(context: ContainerContext, request: CreateContainerRequest): Image {
  const { imageName, platform } = request
  const image = context.images.get(imageName)
  if (!platform || matchesPlatform(platform, image.platform)) return image
  const [has, wants] = [image.platform, platform].map(formatPlatform)
  throw new EngineError(
    'not_found',
    `image with reference ${imageName} was found but its platform (${has}) does not match the specified platform (${wants})`,
  )
}

/** In another's network a container has the other's name: the machine's, or that of a container. */
function withHostname(context: ContainerContext, spec: ContainerSpec): ContainerSpec {
  const { networkMode } = spec.host
  if ((spec.hostname ?? '') !== '') return spec
  if (networkMode.type === 'host') return { ...spec, hostname: machineName() }
  if (networkMode.type !== 'container') return spec
  try {
    return { ...spec, hostname: hostnameOf(context.table.resolve(networkMode.container)) }
  } catch (error) {
    // Whether it exists counts at the start.
    if (errorKind(error) === 'not_found') return spec
    throw error
  }
}

/** The snapshot over the image's layers, and the directory. */
async function makeFilesystem(
  context: ContainerContext,
  {
    id,
    image,
    isVolatile,
    undo,
  }: {
    readonly id: string
    readonly image: Image
    readonly isVolatile: boolean
    readonly undo: AsyncDisposableStack
  },
): Promise<void> {
  const { directory } = containerPaths(context, id)
  const key = snapshotKey(id)
  undo.defer(
    undoing(context.log, 'remove snapshot', async () => {
      if (context.snapshots.find(key)) await context.snapshots.remove(key)
    }),
  )
  undo.defer(
    undoing(context.log, 'remove container directory', () =>
      rm(directory, { recursive: true, force: true }),
    ),
  )
  await mkdir(directory, { mode: 0o710 })
  await context.snapshots.prepare(key, image.chainId, { isVolatile })
}

/** Keeps the image's layers from gc until the record does. */
function holdLayers(context: ContainerContext, id: string, image: Image): Disposable {
  if (image.chainId !== undefined) context.pendingParents.set(id, image.chainId)
  return { [Symbol.dispose]: () => void context.pendingParents.delete(id) }
}

async function dropDraft(context: ContainerContext, draft: ContainerRecord): Promise<void> {
  for (const mount of draft.mounts) {
    if (mount.type !== 'volume' || !mount.isAnonymous) continue
    if (context.volumes.find(mount.volume)) await context.volumes.remove(mount.volume, [])
  }
  context.table.delete(draft)
}
