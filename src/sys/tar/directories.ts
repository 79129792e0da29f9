import * as fs from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { damagedArchive } from '#oci/tar/numbers.ts'
import type { TarEntry } from '#oci/tar/types.ts'
import { makeDeviceNode, setDescriptorTimes } from '#sys/files.ts'
import { setXattr } from '#sys/xattr.ts'
import { applyToFile } from '#sys/tar/metadata.ts'
import { parentOf, rooted } from '#sys/tar/paths.ts'

/**
 * The directories of a layer being written, by clean path. Their attributes are
 * applied last: a setgid bit or a default ACL would rub off on what is made
 * inside, and every new member changes the time.
 */
export interface Directories {
  /** Makes what is missing on the way to `path`, itself included (root, 0755). */
  ensure(path: string): void
  create(path: string, entry: TarEntry): void
  /** Records what the attributes of an existing directory shall be. */
  describe(path: string, entry: TarEntry): void
  /** Hides what the layers below have inside. */
  makeOpaque(path: string): void
  /** Hides what the layers below have at `path`; what this layer has there stays. */
  hide(path: string): void
  /** Removes whatever is at `path`. */
  clear(path: string): void
  finish(): void
}

export function createDirectories(): Directories {
  const known = new Set<string>([''])
  const described = new Map<string, TarEntry>()
  const clear = (path: string) => {
    fs.rmSync(rooted(path), { recursive: true, force: true })
    // Paths below it, also through links that led there, may be gone.
    known.clear()
    known.add('')
  }
  const ensure = (path: string) => {
    if (known.has(path)) return
    ensure(parentOf(path))
    if (!isDirectory(path)) makeImplied(path, clear)
    known.add(path)
  }
  return {
    ensure,
    clear,
    describe: (path, entry) => void described.set(path, entry),
    create(path, entry) {
      makeDirectory(path, clear)
      known.add(path)
      described.set(path, entry)
    },
    makeOpaque: (path) => markOpaque(path),
    hide(path) {
      const present = lstat(path)
      if (!present) {
        makeDeviceNode(rooted(path), { type: 'character', mode: 0, major: 0, minor: 0 })
      } else if (present.isDirectory()) {
        markOpaque(path)
      }
    },
    finish() {
      // Children first: a directory's time is set when nothing is made in it any more.
      for (const [path, entry] of [...described].toReversed()) applyLast(path, entry)
    },
  }
}

function lstat(path: string): fs.Stats | undefined {
  return fs.lstatSync(rooted(path), { throwIfNoEntry: false })
}

/** Follows links: `lib/x` goes through `lib -> usr/lib` of the same layer. */
function isDirectory(path: string): boolean {
  return fs.statSync(rooted(path), { throwIfNoEntry: false })?.isDirectory() === true
}

function makeImplied(path: string, clear: (path: string) => void): void {
  const present = lstat(path)
  if (present && !isWhiteout(present)) {
    throw damagedArchive(`"${path}" is used as a directory but is none`)
  }
  makeDirectory(path, clear)
}

function makeDirectory(path: string, clear: (path: string) => void): void {
  try {
    fs.mkdirSync(rooted(path), 0o755)
    return
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  const present = lstat(path)
  if (present?.isDirectory() === true) return
  clear(path)
  fs.mkdirSync(rooted(path), 0o755)
  // The layer removes what is below and puts a directory there: the two must not merge.
  if (present && isWhiteout(present)) markOpaque(path)
}

/** overlayfs' mark of a removed entry. */
function isWhiteout(stats: fs.Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0
}

function markOpaque(path: string): void {
  setXattr(rooted(path), 'trusted.overlay.opaque', Buffer.from('y'))
}

function applyLast(path: string, entry: TarEntry): void {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants
  let fd: number
  try {
    fd = fs.openSync(rooted(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  } catch (error) {
    // A later member replaced it.
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return
    throw error
  }
  try {
    // One that an earlier archive made may be somebody else's.
    fs.fchownSync(fd, entry.uid, entry.gid)
    fs.fchmodSync(fd, entry.mode)
    applyToFile(fd, entry)
    setDescriptorTimes(fd, entry.mtime.seconds, entry.mtime.nanoseconds)
  } finally {
    fs.closeSync(fd)
  }
}
