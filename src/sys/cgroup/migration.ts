/**
 * Moving a process into a cgroup waits for an RCU grace period, 6 to 20 ms, before the kernel's
 * `cgroup_threadgroup_rwsem` may be written; a move within some 15 ms of the last one does not
 * (`rcu_sync_enter` in kernel/rcu/sync.c). A move of this process to where it already is changes
 * nothing and takes the wait upon itself, on a thread of the pool, while a container is prepared.
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { CgroupHierarchy } from '#sys/cgroup/hierarchy.ts'

/** Says that a process will be moved into a cgroup within milliseconds. Cheap; never fails. */
export type AnticipateMigration = () => void

/** Gives up for good where this process may not write to its own group. */
export function createMigrationWarmer(hierarchy: CgroupHierarchy): AnticipateMigration {
  let state: 'idle' | 'moving' | 'impossible' = 'idle'
  return () => {
    if (state !== 'idle') return
    state = 'moving'
    moveToOwnGroup(hierarchy).then(
      () => (state = 'idle'),
      () => (state = 'impossible'),
    )
  }
}

async function moveToOwnGroup(hierarchy: CgroupHierarchy): Promise<void> {
  const directory = ownGroup(hierarchy, await readFile('/proc/self/cgroup', 'utf8'))
  if (directory === undefined) throw new Error('no cgroup that processes can be moved in')
  // 0 is the writer itself: cgroups(7).
  await writeFile(`${directory}/cgroup.procs`, '0')
}

/** The directory of the group that `/proc/self/cgroup` names, in one tree: one move opens the way in all. */
export function ownGroup(hierarchy: CgroupHierarchy, membership: string): string | undefined {
  if (hierarchy.type === 'none') return undefined
  for (const line of membership.split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const root =
      hierarchy.type === 'v2'
        ? controllers === '' && hierarchy.root
        : hierarchy.controllers.get(controllers.split(',')[0] ?? '')
    if (root && path !== '') return `${root}${path}`
  }
  return undefined
}
