import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '#base/errors.ts'

/**
 * Apparent size of the regular files and symbolic links below `directory`, hard links
 * counted once, and the number of entries. Entries that vanish meanwhile are left out.
 */
export async function treeUsage(
  directory: string,
): Promise<{ readonly sizeBytes: number; readonly inodes: number }> {
  const seen = new Set<number>()
  let sizeBytes = 0
  const visit = async (path: string) => {
    const stats = await lstat(path)
    if (seen.has(stats.ino)) return
    seen.add(stats.ino)
    if (stats.isFile() || stats.isSymbolicLink()) sizeBytes += stats.size
    if (!stats.isDirectory()) return
    for (const name of await readdir(path)) await visit(join(path, name)).catch(ignoreVanished)
  }
  await visit(directory)
  return { sizeBytes, inodes: seen.size }
}

function ignoreVanished(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error
}
