import { globSync, readFileSync, rmdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const tries = 50

/** Parents of the bench's containers. Podman's has a fixed name; where it is in use it stays. */
const benchParents = ['gantry-bench', 'libpod_parent']

/** Removes the cgroups below these parents, and the parents. */
export async function removeCgroups(names: readonly string[] = benchParents): Promise<void> {
  const parents = names.flatMap((name) => [`/sys/fs/cgroup/${name}`, `/sys/fs/cgroup/*/${name}`])
  const found = globSync(parents.flatMap((parent) => [parent, `${parent}/**/`]))
  for (const path of found.toSorted().toReversed()) await removeUnused(path)
}

/** A process that was killed leaves its cgroup a moment later. */
async function removeUnused(path: string): Promise<void> {
  for (let attempt = 0; attempt < tries; attempt++) {
    try {
      return rmdirSync(path)
    } catch {
      if (readFileSync(`${path}/cgroup.procs`, 'utf8') !== '') return
      await sleep(20)
    }
  }
}
