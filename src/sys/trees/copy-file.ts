/** The bytes and attributes of one regular file; holes stay holes. */
import * as fs from 'node:fs'
import { libcFunction } from '#sys/ffi.ts'
import { type PathName, setDescriptorTimes } from '#sys/files.ts'
import type { Attributes } from '#sys/trees/attributes.ts'
import { copiedXattrs, ignoringUnsupported } from '#sys/trees/xattrs.ts'
import { setDescriptorXattr } from '#sys/xattr.ts'

const lseek = libcFunction<[fd: number, offset: number, whence: number], number | bigint>(
  'int64_t lseek(int fd, int64_t offset, int whence)',
)

const smallBytes = 128n * 1024n
const seekData = 3
const seekHole = 4
const buffer = Buffer.allocUnsafeSlow(1024 * 1024)

export interface FileCopy {
  readonly from: PathName
  /** Must not exist. */
  readonly to: PathName
  readonly stats: fs.BigIntStats
  readonly attributes: Attributes
}

export function copyFile({ from, to, stats, attributes }: FileCopy): void {
  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants
  const input = fs.openSync(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const output = fs.openSync(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    try {
      const size = Number(stats.size)
      if (isSparse(stats)) copySparse(input, output, size)
      else copyRange(input, output, { start: 0, end: size })
      apply(output, attributes)
      for (const [name, value] of copiedXattrs(from)) {
        ignoringUnsupported(() => setDescriptorXattr(output, name, value))
      }
      setDescriptorTimes(output, attributes.seconds, attributes.nanoseconds)
    } finally {
      fs.closeSync(output)
    }
  } finally {
    fs.closeSync(input)
  }
}

/** Small files may have no blocks yet, or be kept in their inode. */
function isSparse({ blocks, size }: fs.BigIntStats): boolean {
  return size > smallBytes && blocks * 512n < size
}

/** The owner first: changing it clears setuid bits. */
function apply(fd: number, { uid, gid, mode }: Attributes): void {
  if (uid !== 0 || gid !== 0) fs.fchownSync(fd, uid, gid)
  fs.fchmodSync(fd, mode)
}

function copySparse(input: number, output: number, size: number): void {
  fs.ftruncateSync(output, size)
  for (let at = 0; at < size;) {
    const start = Number(lseek(input, at, seekData))
    // ENXIO: nothing but a hole up to the end.
    if (start < 0) return
    const end = Number(lseek(input, start, seekHole))
    copyRange(input, output, { start, end: end < 0 ? size : end })
    at = end < 0 ? size : end
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

function copyRange(input: number, output: number, { start, end }: Range): void {
  for (let at = start; at < end;) {
    const length = fs.readSync(input, buffer, 0, Math.min(buffer.length, end - at), at)
    // The file shrank while it was read.
    if (length === 0) return
    for (let done = 0; done < length;) {
      done += fs.writeSync(output, buffer, done, length - done, at + done)
    }
    at += length
  }
}
