import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The repository's top folder. */
export const projectRoot = join(import.meta.dirname, '..', '..')

/** A folder for what tests make once and reuse; git ignores it. */
export function cacheFolder(name: string): string {
  const path = join(projectRoot, '.cache', name)
  mkdirSync(path, { recursive: true })
  return path
}
