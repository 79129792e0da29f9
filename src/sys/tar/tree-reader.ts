/**
 * Reads a tree as a tar archive with synchronous calls, from this thread's root:
 * whoever changes the tree meanwhile can make the archive odd, but cannot lead
 * the reader outside.
 */
import * as fs from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { encodeTarHeader, tarPadding, tarTrailer } from '#oci/tar/encoder.ts'
import { decodeName } from '#oci/tar/names.ts'
import type { TarEntry, TarEntryType } from '#oci/tar/types.ts'
import { formatWhiteout, opaqueWhiteout } from '#oci/whiteout.ts'
import { deviceNumbers, setTimes } from '#sys/files.ts'
import { rooted } from '#sys/tar/paths.ts'
import { findXattr, listXattrs } from '#sys/xattr.ts'

export interface ReadTreeOptions {
  /** Write overlayfs' marks of removed entries and opaque directories as OCI whiteouts. */
  readonly asLayer: boolean
  /** Leave the root `./` itself out: an empty tree is then the well-known empty layer. */
  readonly leavesOutRoot?: boolean
  /** Entries that are newer (seconds since the epoch) get this time, on disk too. */
  readonly latestTime?: number
}

/** A member's description, or a piece of its content with the padding. */
export type TreeItem = { readonly entry: TarEntry } | { readonly bytes: Uint8Array }

const readBytes = 256 * 1024
const opaqueName = 'trusted.overlay.opaque'

/** The archive's bytes, members in the order of their names' bytes; the root comes first as `./`. */
export function* readTree(options: ReadTreeOptions): Generator<Uint8Array> {
  for (const item of walkTree(options)) {
    yield 'entry' in item ? encodeTarHeader(item.entry) : item.bytes
  }
  yield tarTrailer
}

/** The members of `readTree`, not encoded yet. */
export function* walkTree(options: ReadTreeOptions): Generator<TreeItem> {
  yield* readDirectory('', { options, links: new Map() })
}

interface Walk {
  readonly options: ReadTreeOptions
  /** First path of each inode that has several. */
  readonly links: Map<string, string>
}

function* readDirectory(path: string, walk: Walk): Generator<TreeItem> {
  const stats = lstat(path, walk)
  if (!stats) return
  if (path !== '' || walk.options.leavesOutRoot !== true) {
    yield { entry: describe(path, stats, 'directory') }
  }
  if (walk.options.asLayer && findXattr(rooted(path), opaqueName)?.toString() === 'y') {
    yield { entry: emptyFile(join(path, opaqueWhiteout), stats) }
  }
  for (const name of sortedNames(path)) yield* readMember(path, name, walk)
}

function* readMember(parent: string, name: string, walk: Walk): Generator<TreeItem> {
  const path = join(parent, name)
  const stats = lstat(path, walk)
  const type = stats && typeOf(stats)
  if (!stats || !type) return
  if (type === 'directory') {
    yield* readDirectory(path, walk)
    return
  }
  if (walk.options.asLayer && type === 'character' && stats.rdev === 0n) {
    yield { entry: emptyFile(join(parent, formatWhiteout(name)), stats) }
    return
  }
  const first = firstLink(path, stats, walk)
  if (first !== undefined) {
    yield { entry: { ...describe(path, stats, 'hardlink'), linkPath: first } }
  } else if (type === 'file') {
    yield* readFile(path, stats)
  } else {
    yield { entry: describe(path, stats, type) }
  }
}

/** Another path of the same inode that is in the archive already. */
function firstLink(path: string, stats: fs.BigIntStats, { links }: Walk): string | undefined {
  if (stats.nlink < 2n) return undefined
  const inode = `${stats.dev}:${stats.ino}`
  const first = links.get(inode)
  if (first === undefined) links.set(inode, path)
  return first
}

function* readFile(path: string, stats: fs.BigIntStats): Generator<TreeItem> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
  const fd = ifPresent(() => fs.openSync(rooted(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
  if (fd === undefined) return
  try {
    yield { entry: describe(path, stats, 'file') }
    let left = Number(stats.size)
    while (left > 0) {
      const piece = Buffer.allocUnsafeSlow(Math.min(readBytes, left))
      const read = fs.readSync(fd, piece)
      // The file shrank: the header promised more, so zeros make up for it.
      if (read === 0) piece.fill(0)
      const length = read === 0 ? piece.length : read
      left -= length
      yield { bytes: piece.subarray(0, length) }
    }
    yield { bytes: new Uint8Array(tarPadding(Number(stats.size))) }
  } finally {
    fs.closeSync(fd)
  }
}

function describe(path: string, stats: fs.BigIntStats, type: TarEntryType): TarEntry {
  const isDevice = type === 'character' || type === 'block'
  const isPlain = type === 'file' || type === 'directory'
  const xattrs = isPlain ? readXattrs(path) : undefined
  const linkPath = type === 'symlink' ? readLink(path) : undefined
  return {
    path: type === 'directory' ? `${path === '' ? '.' : path}/` : path,
    type,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    sizeBytes: type === 'file' ? Number(stats.size) : 0,
    mtime: timeOf(stats.mtimeNs),
    ...(linkPath === undefined ? {} : { linkPath }),
    ...(isDevice ? { device: deviceNumbers(stats.rdev) } : {}),
    ...(xattrs && xattrs.size > 0 ? { xattrs } : {}),
  }
}

function emptyFile(path: string, stats: fs.BigIntStats): TarEntry {
  const mtime = timeOf(stats.mtimeNs)
  return { path, type: 'file', mode: 0o600, uid: 0, gid: 0, sizeBytes: 0, mtime }
}

function timeOf(nanos: bigint): TarEntry['mtime'] {
  const rest = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  return { seconds: Number((nanos - rest) / 1_000_000_000n), nanoseconds: Number(rest) }
}

/** `trusted.*` is overlayfs' own business, and labels are the machine's. */
function readXattrs(path: string): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const name of listXattrs(rooted(path))) {
    if (name.startsWith('trusted.') || name === 'security.selinux') continue
    const value = findXattr(rooted(path), name)
    if (value) found.set(name, value)
  }
  return found
}

function readLink(path: string): string {
  return decodeName(fs.readlinkSync(rooted(path), { encoding: 'buffer' }))
}

function typeOf(stats: fs.BigIntStats): TarEntryType | undefined {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isCharacterDevice()) return 'character'
  if (stats.isBlockDevice()) return 'block'
  // Sockets have no place in an archive.
  return stats.isFIFO() ? 'fifo' : undefined
}

function sortedNames(path: string): string[] {
  const names = ifPresent(() => fs.readdirSync(rooted(path), { encoding: 'buffer' })) ?? []
  return names.toSorted((a, b) => a.compare(b)).map(decodeName)
}

function join(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`
}

function lstat(path: string, { options }: Walk): fs.BigIntStats | undefined {
  const stats = fs.lstatSync(rooted(path), { bigint: true, throwIfNoEntry: false })
  const { latestTime } = options
  if (!stats || latestTime === undefined) return stats
  const latest = BigInt(latestTime) * 1_000_000_000n
  if (stats.mtimeNs <= latest) return stats
  setTimes(rooted(path), latestTime, 0)
  return Object.assign(stats, { mtimeNs: latest })
}

/** Undefined for what vanished, or turned into a link, since it was listed. */
function ifPresent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}
