/** Extended attributes of an entry itself (never of a link's target): xattr(7). */
import { checked, libcFunction } from '#sys/ffi.ts'
import { errnoOf } from '#base/errors.ts'

const lsetxattr = libcFunction<
  [path: string, name: string, value: Uint8Array, size: number, flags: number]
>('int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)')
const lgetxattr = libcFunction<
  [path: string, name: string, value: Uint8Array | null, size: number]
>('long lgetxattr(const char *path, const char *name, void *value, size_t size)')
const llistxattr = libcFunction<[path: string, list: Uint8Array | null, size: number]>(
  'long llistxattr(const char *path, void *list, size_t size)',
)
const lremovexattr = libcFunction<[path: string, name: string]>(
  'int lremovexattr(const char *path, const char *name)',
)

/** @throws EngineError; not_implemented when the filesystem has no such attributes */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  checked(`set ${name} of`, lsetxattr(path, name, value, value.length, 0), path)
}

/** The value, or undefined when the entry has no such attribute. */
export function findXattr(path: string, name: string): Buffer | undefined {
  try {
    const size = checked(`get ${name} of`, lgetxattr(path, name, null, 0), path)
    const value = Buffer.alloc(size)
    const read = checked(`get ${name} of`, lgetxattr(path, name, value, size), path)
    return value.subarray(0, read)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Names of all attributes, sorted. */
export function listXattrs(path: string): string[] {
  try {
    const size = checked('list attributes of', llistxattr(path, null, 0), path)
    if (size === 0) return []
    const names = Buffer.alloc(size)
    const read = checked('list attributes of', llistxattr(path, names, size), path)
    return names.toString('utf8', 0, read).split('\0').slice(0, -1).toSorted()
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

export function removeXattr(path: string, name: string): void {
  checked(`remove ${name} of`, lremovexattr(path, name), path)
}

function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENODATA' || errno === 'EOPNOTSUPP' || errno === 'ENOTSUP'
}
