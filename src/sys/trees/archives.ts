/** What ADD unpacks, told by content: a tar, plain or compressed. */
import * as fs from 'node:fs'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'

export type ArchiveCompression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz'

const magics: readonly (readonly [ArchiveCompression, string])[] = [
  ['gzip', '1f8b08'],
  ['zstd', '28b52ffd'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
]

/** The compression that a file's first bytes tell. */
export function compressionOf(start: Uint8Array): ArchiveCompression {
  const hex = Buffer.from(start.subarray(0, 6)).toString('hex')
  return magics.find(([, magic]) => hex.startsWith(magic))?.[0] ?? 'none'
}

/** Whether the file is a tar; of bzip2 and xz, which are read by other programs, any counts. */
export function isArchive(path: fs.PathLike): boolean {
  const start = readStart(path)
  const compression = compressionOf(start)
  if (compression === 'bzip2' || compression === 'xz') return true
  return isTarHeader(inflateStart(start, compression))
}

const startBytes = 64 * 1024
const headerBytes = 512

function readStart(path: fs.PathLike): Buffer {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW)
  try {
    const start = Buffer.alloc(startBytes)
    return start.subarray(0, fs.readSync(fd, start, 0, start.length, 0))
  } finally {
    fs.closeSync(fd)
  }
}

function inflateStart(start: Buffer, compression: ArchiveCompression): Buffer {
  try {
    const options = { maxOutputLength: 64 * 1024 * 1024 }
    if (compression === 'gzip') return gunzipSync(start, { ...options, finishFlush: 2 })
    if (compression === 'zstd') return zstdDecompressSync(start, { ...options, finishFlush: 1 })
    return start
  } catch {
    return Buffer.alloc(0)
  }
}

/** The sum of a header's bytes, its own field counted as spaces (POSIX ustar); two zero blocks are an empty tar. */
function isTarHeader(bytes: Buffer): boolean {
  if (bytes.length < headerBytes) return false
  const header = bytes.subarray(0, headerBytes)
  if (header.every((byte) => byte === 0)) return bytes.length >= 2 * headerBytes
  const written = Number.parseInt(header.toString('latin1', 148, 156).replace(/[\0 ]+/g, ''), 8)
  let sum = 8 * 0x20
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte
  return sum === written
}
