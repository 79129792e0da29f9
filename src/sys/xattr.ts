/** Extended attributes of an entry itself (never of a link's target): xattr(7). */
import { errnoOf } from '#base/errors.ts'
import { checked, libcFunction } from '#sys/ffi.ts'
import { terminated, type PathName } from '#sys/files.ts'

const lsetxattr = libcFunction<
  [path: string | Uint8Array, name: string, value: Uint8Array, size: number, flags: number]
>('int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)')
const lgetxattr = libcFunction<
  [path: string | Uint8Array, name: string, value: Uint8Array | null, size: number]
>('long lgetxattr(const char *path, const char *name, void *value, size_t size)')
const llistxattr = libcFunction<[path: string | Uint8Array, list: Uint8Array | null, size: number]>(
  'long llistxattr(const char *path, void *list, size_t size)',
)
const fsetxattr = libcFunction<
  [fd: number, name: string, value: Uint8Array, size: number, flags: number]
>('int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)')

/** @throws EngineError; not_implemented when the filesystem has no such attributes */
export function setXattr(path: PathName, name: string, value: Uint8Array): void {
  checked(`set ${name} of`, lsetxattr(terminated(path), name, value, value.length, 0), String(path))
}

/** As `setXattr`, of an open file. */
export function setDescriptorXattr(fd: number, name: string, value: Uint8Array): void {
  checked(`set ${name}`, fsetxattr(fd, name, value, value.length, 0))
}

/** The value, or undefined when the entry has no such attribute. */
export function findXattr(path: PathName, name: string): Buffer | undefined {
  try {
    const size = checked(`get ${name} of`, lgetxattr(terminated(path), name, null, 0), String(path))
    const value = Buffer.alloc(size)
    const read = checked(
      `get ${name} of`,
      lgetxattr(terminated(path), name, value, size),
      String(path),
    )
    return value.subarray(0, read)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Names of all attributes, sorted. */
export function listXattrs(path: PathName): string[] {
  try {
    const size = checked('list attributes of', llistxattr(terminated(path), null, 0), String(path))
    if (size === 0) return []
    const names = Buffer.alloc(size)
    const read = checked(
      'list attributes of',
      llistxattr(terminated(path), names, size),
      String(path),
    )
    return names.toString('utf8', 0, read).split('\0').slice(0, -1).toSorted()
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENODATA' || errno === 'EOPNOTSUPP' || errno === 'ENOTSUP'
}
