/**
 * Prepares the cgroup trees of a machine that no init system prepared. With
 * systemd everything is mounted already and nothing here changes it.
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import {
  type CgroupHierarchy,
  cgroupMountPoint,
  readCgroupHierarchy,
  readWords,
} from '#sys/cgroup/hierarchy.ts'
import { mount, mountFlag } from '#sys/mount.ts'

const flags = mountFlag.noSuid | mountFlag.noDev | mountFlag.noExec

/**
 * Mounts cgroup2 where nothing is mounted, and on a hybrid machine gives every
 * controller left in the unified tree a v1 tree of its own: OCI runtimes refuse
 * to split a container's controllers over both. Idempotent.
 * @throws EngineError permission_denied when mounting is not allowed
 */
export function setupCgroups(): CgroupHierarchy {
  const found = readCgroupHierarchy()
  switch (found.type) {
    case 'none':
      mount({ target: cgroupMountPoint, type: 'cgroup2', flags })
      break
    case 'v1':
      for (const controller of found.unifiedControllers) mountV1Controller(controller)
      break
    case 'v2':
      break
  }
  return readCgroupHierarchy()
}

/** A controller that cgroup2 still uses somewhere stays where it is (EBUSY). */
function mountV1Controller(controller: string): void {
  const target = `${cgroupMountPoint}/${controller}`
  const isNew = !existsSync(target)
  mkdirSync(target, { recursive: true })
  try {
    mount({ target, type: 'cgroup', options: controller, flags })
  } catch (error) {
    if (isNew) rmdirSync(target)
    if (errnoOf(error) !== 'EBUSY') throw error
  }
}

/**
 * Makes the v2 group `/<name>/…` and hands every controller down to its
 * children. Processes of the root group that would block this are left alone:
 * the root is exempt from the no-internal-processes rule.
 */
export function delegateControllers(root: string, group: string): void {
  let directory = root
  for (const name of group.split('/').filter(Boolean)) {
    enableControllers(directory)
    directory += `/${name}`
    mkdirSync(directory, { recursive: true })
  }
  enableControllers(directory)
}

/** One at a time: a controller that cannot be enabled must not cost the others. */
function enableControllers(directory: string): void {
  const enabled = new Set(readWords(`${directory}/cgroup.subtree_control`))
  for (const controller of readWords(`${directory}/cgroup.controllers`)) {
    if (enabled.has(controller)) continue
    try {
      writeFileSync(`${directory}/cgroup.subtree_control`, `+${controller}`)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
    }
  }
}
