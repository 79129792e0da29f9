import { damagedArchive } from '#oci/tar/numbers.ts'
import { encodeName, hasEscapedBytes } from '#oci/tar/names.ts'
import type { PathName } from '#sys/files.ts'

/**
 * A member's path below the root: no leading slash, no empty, `.` or `..`
 * component; '' is the root itself. @throws EngineError data_loss for a path
 * that leads out of the archive's root
 */
export function cleanPath(path: string): string {
  if (isClean(path)) return path
  const kept: string[] = []
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue
    if (component !== '..') kept.push(component)
    else if (kept.pop() === undefined) throw damagedArchive(`"${path}" is outside of the layer`)
  }
  if (path.includes('\0')) throw damagedArchive(`"${path}" contains NUL`)
  return kept.join('/')
}

/** The common case, decided without splitting. */
function isClean(path: string): boolean {
  return path !== '' && !/^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)|\0/.test(path)
}

/** Parent of a clean path; '' for what lies in the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The clean path as the kernel takes it, from this thread's root. */
export function rooted(path: string): PathName {
  const absolute = `/${path}`
  return hasEscapedBytes(absolute) ? encodeName(absolute) : absolute
}
