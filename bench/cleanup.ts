import { globSync, rmSync, rmdirSync } from 'node:fs'
import { runOk } from '#test/support/commands.ts'
import { mountsBelow } from '#test/support/leaks.ts'

/** Removes the folder with everything that the engines mounted in it and kept. */
export async function removeRoot(root: string): Promise<void> {
  for (const path of mountsBelow(root).toReversed()) await runOk('umount', ['-l', path])
  rmSync(root, { recursive: true, force: true })
}

/** Removes the cgroups of the bench. Podman's parent has a fixed name; where it is in use it stays. */
export function removeCgroups(): void {
  const parents = ['gantry-bench', 'libpod_parent'].flatMap((name) => [
    `/sys/fs/cgroup/${name}`,
    `/sys/fs/cgroup/*/${name}`,
  ])
  const found = globSync(parents.flatMap((parent) => [parent, `${parent}/**/`]))
  for (const path of found.toSorted().toReversed()) removeUnused(path)
}

function removeUnused(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // In use by somebody else's Podman.
  }
}
