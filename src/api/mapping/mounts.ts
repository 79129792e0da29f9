import { posix } from 'node:path'
import type { ContainerMount, ContainerRecord } from '#container/types.ts'
import type { MountPoint } from '#wire/containers.ts'

/** `Mounts` of list and inspect: all but what `--tmpfs` asked for. */
export function toMountPoints({ mounts, spec }: ContainerRecord): readonly MountPoint[] {
  const asked = new Set(Object.keys(spec.host.tmpfs).map(withoutSlash))
  return mounts
    .filter((mount) => mount.type !== 'tmpfs' || !asked.has(mount.target))
    .map(toMountPoint)
}

function withoutSlash(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1')
}

function toMountPoint(mount: ContainerMount): MountPoint {
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
        // Docker's word for a volume that was given no mode.
        Mode: mount.mode === '' && !mount.isAnonymous ? 'z' : mount.mode,
        RW: mount.isWritable,
        Propagation: mount.propagation,
      }
    case 'tmpfs':
      return {
        Type: 'tmpfs',
        Source: '',
        Destination: mount.target,
        Mode: '',
        RW: !mount.options.split(',').includes('ro'),
        Propagation: '',
      }
  }
}
