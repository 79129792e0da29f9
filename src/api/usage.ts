import type { ContainerRecord } from '#container/types.ts'
import type { ImageUser } from '#image/types.ts'

/** Volume name → ids of the containers that mount it. */
export function volumeUsers(
  containers: readonly ContainerRecord[],
): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>()
  for (const { id, mounts } of containers) {
    for (const mount of mounts) {
      if (mount.type !== 'volume') continue
      const ids = users.get(mount.volume)
      if (ids) ids.push(id)
      else users.set(mount.volume, [id])
    }
  }
  return users
}

/** The containers that use an image. */
export function imageUsers(
  containers: readonly ContainerRecord[],
  imageId: string,
): readonly ImageUser[] {
  return containers
    .filter((record) => record.imageId === imageId)
    .map((record) => ({
      containerId: record.id,
      isRunning: ['running', 'paused', 'restarting'].includes(record.state.status),
    }))
}
