import { errnoOf } from '#base/errors.ts'
import type { PathName } from '#sys/files.ts'
import { findXattr, listXattrs } from '#sys/xattr.ts'

/** Attributes that belong to a file and not to the filesystem (`trusted.*`) or the machine (labels). */
export function copiedXattrs(path: PathName): (readonly [name: string, value: Buffer])[] {
  return listXattrs(path)
    .filter((name) => !name.startsWith('trusted.') && name !== 'security.selinux')
    .flatMap((name) => {
      const value = findXattr(path, name)
      return value ? [[name, value] as const] : []
    })
}

/** Runs `set`; a filesystem without such attributes is no failure. */
export function ignoringUnsupported(set: () => void): void {
  try {
    set()
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'EOPNOTSUPP' && errno !== 'ENOTSUP') throw error
  }
}
