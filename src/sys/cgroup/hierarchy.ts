/** Which cgroup hierarchies this machine has: cgroups(7), cgroup v2 documentation of the kernel. */
import { existsSync, readFileSync } from 'node:fs'
import { type MountinfoEntry, readMountinfo } from '#sys/mountinfo.ts'

export type CgroupHierarchy =
  /** cgroup2 alone, mounted at `root`. */
  | { readonly type: 'v2'; readonly root: string }
  /**
   * v1 controllers; with `unifiedRoot` a cgroup2 tree is mounted beside them
   * (hybrid) and `unifiedControllers` are those that no v1 tree holds.
   */
  | {
      readonly type: 'v1'
      /** Controller name → directory of its tree. */
      readonly controllers: ReadonlyMap<string, string>
      readonly unifiedRoot?: string
      readonly unifiedControllers: readonly string[]
    }
  | { readonly type: 'none' }

export const cgroupMountPoint = '/sys/fs/cgroup'

export function readCgroupHierarchy(
  mounts: readonly MountinfoEntry[] = readMountinfo(),
): CgroupHierarchy {
  const below = mounts.filter(
    ({ mountPoint }) =>
      mountPoint === cgroupMountPoint || mountPoint.startsWith(`${cgroupMountPoint}/`),
  )
  const unified = below.find(({ type }) => type === 'cgroup2')
  if (unified?.mountPoint === cgroupMountPoint) return { type: 'v2', root: cgroupMountPoint }
  const controllers = new Map<string, string>()
  for (const entry of below) {
    if (entry.type !== 'cgroup') continue
    for (const name of v1Controllers(entry.superOptions)) controllers.set(name, entry.mountPoint)
  }
  if (controllers.size === 0 && !unified) return { type: 'none' }
  return {
    type: 'v1',
    controllers,
    ...(unified ? { unifiedRoot: unified.mountPoint } : {}),
    unifiedControllers: unified ? readWords(`${unified.mountPoint}/cgroup.controllers`) : [],
  }
}

/** Space-separated words of a file; none when it does not exist. */
export function readWords(path: string): readonly string[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean)
}

const plainOptions = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'seclabel'])

/** `rw`, `cpu`, `cpuacct` → cpu, cpuacct; named trees (`name=systemd`) hold no controller. */
function v1Controllers(superOptions: readonly string[]): readonly string[] {
  return superOptions.filter((word) => !plainOptions.has(word) && !word.includes('='))
}
