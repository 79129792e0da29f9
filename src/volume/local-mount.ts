/** Mounts what a volume's options name (`type`, `o`, `device`) over its directory, once. */
import { mount, unmount } from '#sys/mount.ts'
import { readMountinfo } from '#sys/mountinfo.ts'
import { planLocalMount } from '#volume/local-options.ts'
import type { Volume } from '#volume/types.ts'

/**
 * Idempotent: a volume that is mounted already stays as it is.
 * @throws EngineError when the kernel refuses the mount
 */
export function attachLocalMount(volume: Volume): void {
  const plan = planLocalMount(volume.options, volume.mountpoint)
  if (plan && !isMountPoint(volume.mountpoint)) mount(plan)
}

export function detachLocalMount(volume: Volume): void {
  if (planLocalMount(volume.options, volume.mountpoint) && isMountPoint(volume.mountpoint)) {
    unmount(volume.mountpoint, { detach: true })
  }
}

function isMountPoint(path: string): boolean {
  return readMountinfo().some(({ mountPoint }) => mountPoint === path)
}
