import { fchmodSync, fchownSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import type { TarEntry } from '#oci/tar/types.ts'
import { changeOwner, setTimes, type PathName } from '#sys/files.ts'
import { setDescriptorXattr } from '#sys/xattr.ts'

const setIdBits = 0o6000

/** Owner, the bits that changing the owner clears, and extended attributes of an open file. */
export function applyToFile(fd: number, entry: TarEntry): void {
  const { uid, gid, mode, xattrs } = entry
  if (uid !== 0 || gid !== 0) {
    fchownSync(fd, uid, gid)
    if ((mode & setIdBits) !== 0) fchmodSync(fd, mode)
  }
  if (!xattrs) return
  for (const [name, value] of xattrs) if (isWanted(name)) setIfSupported(fd, name, value)
}

/** Owner and time of what cannot be opened: links, devices, FIFOs. */
export function applyToNode(path: PathName, entry: TarEntry): void {
  const { uid, gid, mtime } = entry
  if (uid !== 0 || gid !== 0) changeOwner(path, uid, gid)
  setTimes(path, mtime.seconds, mtime.nanoseconds)
}

/**
 * What an image may say about its files. Never `trusted.*`, which steers overlayfs
 * (a redirect would reach outside of the layer), nor labels of the machine's own policy.
 */
function isWanted(name: string): boolean {
  return (
    name === 'security.capability' ||
    name === 'system.posix_acl_access' ||
    name === 'system.posix_acl_default' ||
    (name.startsWith('user.') && !name.startsWith('user.overlay.'))
  )
}

function setIfSupported(fd: number, name: string, value: Uint8Array): void {
  try {
    setDescriptorXattr(fd, name, value)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'EOPNOTSUPP' && errno !== 'ENOTSUP') throw error
  }
}
