import type { ContainerMount } from '#container/types.ts'
import type { MountPoint } from '#wire/containers.ts'

/** One row of `Mounts` in list and inspect. */
export function toMountPoint(mount: ContainerMount): MountPoint {
  switch (mount.type) {
    case 'bind':
      return {
        Type: 'bind',
        Source: mount.source,
        Destination: mount.target,
        Mode: mount.mode,
        RW: mount.isWritable,
        Propagation: mount.propagation,
      }
    case 'volume':
      return {
        Type: 'volume',
        Name: mount.volume,
        Source: mount.source,
        Destination: mount.target,
        Driver: 'local',
        Mode: mount.mode,
        RW: mount.isWritable,
        Propagation: mount.propagation,
      }
    case 'tmpfs':
      return {
        Type: 'tmpfs',
        Source: '',
        Destination: mount.target,
        Mode: mount.options,
        RW: true,
        Propagation: '',
      }
  }
}
