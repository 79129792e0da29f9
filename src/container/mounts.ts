/** Mount plans become mounts: sources checked or made, volumes created and filled. */
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { branded } from '#base/brand.ts'
import { errnoOf } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import { invalidMount, type MountPlan, planMounts } from '#container/binds.ts'
import type { ContainerContext } from '#container/context.ts'
import { openDirectoryInRoot } from '#container/in-root.ts'
import { containerPaths } from '#container/paths.ts'
import type { ContainerMount, ContainerSpec } from '#container/types.ts'
import type { SnapshotKey } from '#store/types.ts'

type VolumePlan = Extract<MountPlan, { type: 'volume' }>
type VolumeMount = Extract<ContainerMount, { type: 'volume' }>

/** Names anonymous volumes; nothing is made yet. */
export function nameVolumes(plans: readonly MountPlan[]): readonly ContainerMount[] {
  return plans.map((plan) => {
    switch (plan.type) {
      case 'tmpfs':
        return plan
      case 'bind': {
        const { createsSource: _made, ...mount } = plan
        return mount
      }
      case 'volume':
        return {
          type: 'volume',
          volume: plan.name ?? randomId(),
          source: '',
          target: plan.target,
          mode: plan.mode,
          isWritable: plan.isWritable,
          propagation: '',
          copiesContent: plan.copiesContent,
          isAnonymous: plan.name === undefined,
        }
    }
  })
}

/**
 * Makes what the named mounts need and gives each volume its host path.
 * @throws EngineError invalid_argument `invalid mount config for type "bind": …`
 */
export async function realizeMounts(
  context: ContainerContext,
  plans: readonly MountPlan[],
  named: readonly ContainerMount[],
): Promise<readonly ContainerMount[]> {
  const realized: ContainerMount[] = []
  for (const [index, mount] of named.entries()) {
    const plan = plans[index]
    if (plan?.type === 'bind') await ensureBindSource(plan)
    if (plan?.type === 'volume' && mount.type === 'volume') {
      realized.push(await createVolume(context, plan, mount))
    } else realized.push(mount)
  }
  return realized
}

/**
 * As `realizeMounts` does for binds, before each start: sources may have gone.
 * @throws EngineError invalid_argument
 */
export async function ensureBindSources(spec: ContainerSpec): Promise<void> {
  if (spec.host.binds.length === 0 && spec.host.mounts.length === 0) return
  for (const plan of planMounts(spec)) if (plan.type === 'bind') await ensureBindSource(plan)
}

async function ensureBindSource(plan: Extract<MountPlan, { type: 'bind' }>): Promise<void> {
  try {
    await stat(plan.source)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw invalidMount('bind', String(error))
    if (!plan.createsSource) {
      throw invalidMount('bind', `bind source path does not exist: ${plan.source}`)
    }
    await mkdir(plan.source, { recursive: true, mode: 0o755 })
  }
}

async function createVolume(
  context: ContainerContext,
  plan: VolumePlan,
  mount: VolumeMount,
): Promise<ContainerMount> {
  const volume = await context.volumes.create({
    name: mount.volume,
    isAnonymous: mount.isAnonymous,
    ...(plan.labels === undefined ? {} : { labels: plan.labels }),
  })
  if (plan.subpath === undefined) return { ...mount, source: volume.mountpoint }
  using subdirectory = openDirectoryInRoot(volume.mountpoint, plan.subpath)
  if (!subdirectory) {
    throw invalidMount(
      'volume',
      `cannot access path ${join(volume.mountpoint, plan.subpath)}: no such file or directory`,
    )
  }
  return { ...mount, source: subdirectory.realPath() }
}

/**
 * Copies what the image has at the mount points into new volumes. The image's
 * filesystem is mounted for it, and its links are followed inside it only.
 */
export async function fillVolumes(
  context: ContainerContext,
  id: string,
  mounts: readonly ContainerMount[],
): Promise<void> {
  const wanting = mounts.filter(
    (mount): mount is VolumeMount => mount.type === 'volume' && mount.copiesContent,
  )
  if (wanting.length === 0) return
  const { rootfs } = containerPaths(context, id)
  await context.rootfs.mount(context.snapshots.mount(snapshotKey(id)), rootfs)
  try {
    for (const mount of wanting) {
      using content = openDirectoryInRoot(rootfs, mount.target)
      if (content) await context.volumes.populate(mount.volume, content.path)
    }
  } finally {
    await context.rootfs.unmount(rootfs)
  }
}

/** A container's snapshot is named by the container's id. */
export function snapshotKey(id: string): SnapshotKey {
  return branded<SnapshotKey>(id)
}

/** The container's anonymous volumes that no other container mounts. */
export function ownVolumes(
  context: ContainerContext,
  id: string,
  mounts: readonly ContainerMount[],
): readonly string[] {
  const others = new Set(
    context.table
      .list()
      .filter((record) => record.id !== id)
      .flatMap((record) => record.mounts)
      .flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : [])),
  )
  return mounts.flatMap((mount) =>
    mount.type === 'volume' && mount.isAnonymous && !others.has(mount.volume) ? [mount.volume] : [],
  )
}
