/**
 * Writes archive members below this thread's root with synchronous calls. It
 * runs inside a chroot, so that no path, link or order of members can name
 * anything outside; what it checks itself is for a clear error.
 */
import * as fs from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { linkBytes } from '#oci/tar/names.ts'
import { damagedArchive } from '#oci/tar/numbers.ts'
import type { TarEntry, TarHandler } from '#oci/tar/types.ts'
import { parseWhiteout } from '#oci/whiteout.ts'
import { makeDeviceNode, makeFifo, setDescriptorTimes } from '#sys/files.ts'
import { createDirectories, type Directories } from '#sys/tar/directories.ts'
import type { ArchiveForm, EntryOwner } from '#sys/tar/messages.ts'
import { applyToFile, applyToNode } from '#sys/tar/metadata.ts'
import { baseName, cleanPath, parentOf, rooted } from '#sys/tar/paths.ts'

export interface LayerWriter extends TarHandler {
  /** Applies what must come last (times of directories) and returns the sum of file sizes. */
  finish(): { readonly sizeBytes: number; readonly entries: number }
  /** Closes what is open; the archive is not complete. */
  abandon(): void
}

/** The file whose content is arriving. */
interface OpenFile {
  readonly fd: number
  readonly entry: TarEntry
  /** End of what was written; beyond it a sparse file has a hole. */
  endOffset: number
}

export interface WriterOptions {
  readonly form: ArchiveForm
  readonly owner?: EntryOwner
}

export function createLayerWriter({ form, owner }: WriterOptions): LayerWriter {
  const directories = createDirectories()
  let file: OpenFile | undefined
  let sizeBytes = 0
  let entries = 0
  const close = () => {
    if (file) fs.closeSync(file.fd)
    file = undefined
  }
  return {
    entry(written) {
      const entry = owner ? { ...written, ...owner } : written
      entries++
      const path = cleanPath(entry.path)
      if (path === '') {
        // Any other archive goes into a directory that is there, and that keeps its owner and mode.
        if (form === 'layer') directories.describe('', entry)
        return
      }
      if (form === 'context' && isSpecial(entry)) return
      if (form === 'layer' && applyWhiteout(directories, path)) return
      directories.ensure(parentOf(path))
      if (entry.type !== 'file') {
        sizeBytes += linkBytes(entry)
        writeNode(directories, path, entry)
        return
      }
      const fd = replacing(directories, path, () => openNew(path, entry.mode))
      file = { fd, entry, endOffset: 0 }
    },
    content(chunk, offset) {
      sizeBytes += chunk.length
      if (!file) return
      writeAll(file.fd, chunk, offset)
      file.endOffset = offset + chunk.length
    },
    endEntry() {
      if (!file) return
      const { fd, entry, endOffset } = file
      if (endOffset < entry.sizeBytes) fs.ftruncateSync(fd, entry.sizeBytes)
      applyToFile(fd, entry)
      setDescriptorTimes(fd, entry.mtime.seconds, entry.mtime.nanoseconds)
      close()
    },
    finish() {
      directories.finish()
      return { sizeBytes, entries }
    },
    abandon: close,
  }
}

function isSpecial({ type }: TarEntry): boolean {
  return type === 'fifo' || type === 'character' || type === 'block'
}

function openNew(path: string, mode: number): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants
  return fs.openSync(rooted(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
}

function writeAll(fd: number, chunk: Uint8Array, offset: number): void {
  for (let done = 0; done < chunk.length;) {
    done += fs.writeSync(fd, chunk, done, chunk.length - done, offset + done)
  }
}

function writeNode(directories: Directories, path: string, entry: TarEntry): void {
  const name = rooted(path)
  switch (entry.type) {
    case 'directory':
      directories.create(path, entry)
      return
    case 'hardlink':
      writeHardLink(directories, path, entry)
      return
    case 'symlink':
      replacing(directories, path, () => fs.symlinkSync(linkTarget(entry), name))
      break
    case 'fifo':
      replacing(directories, path, () => makeFifo(name, entry.mode))
      break
    case 'character':
    case 'block': {
      const node = { type: entry.type, mode: entry.mode, major: 0, minor: 0, ...entry.device }
      replacing(directories, path, () => makeDeviceNode(name, node))
      break
    }
    case 'file':
      throw damagedArchive(`"${path}" has content out of place`)
  }
  applyToNode(name, entry)
}

function linkTarget(entry: TarEntry): string | Buffer {
  const target = entry.linkPath ?? ''
  if (target === '' || target.includes('\0')) {
    throw damagedArchive(`symbolic link "${entry.path}" has no valid target`)
  }
  // rooted() adds a slash: the target is kept byte for byte.
  const name = rooted(target)
  return typeof name === 'string' ? target : name.subarray(1)
}

/** A hard link has no attributes of its own. */
function writeHardLink(directories: Directories, path: string, entry: TarEntry): void {
  const target = cleanPath(entry.linkPath ?? '')
  if (target === path) return
  try {
    replacing(directories, path, () => fs.linkSync(rooted(target), rooted(path)))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'ENOENT' && errno !== 'EPERM' && errno !== 'ENOTDIR') throw error
    throw damagedArchive(`hard link "${path}" points to "${target}", which is no file of the layer`)
  }
}

/** Runs `make`; when something is there already, the later member replaces it. */
function replacing<T>(directories: Directories, path: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    directories.clear(path)
    return make()
  }
}

/** Turns OCI whiteouts into overlayfs' own; false when `path` is none. */
function applyWhiteout(directories: Directories, path: string): boolean {
  const whiteout = parseWhiteout(baseName(path))
  const parent = parentOf(path)
  switch (whiteout.type) {
    case 'none':
      return false
    case 'metadata':
      return true
    case 'invalid':
      throw damagedArchive(`"${path}" is no valid whiteout`)
    case 'opaque':
      directories.ensure(parent)
      directories.makeOpaque(parent)
      return true
    case 'remove':
      directories.ensure(parent)
      directories.hide(parent === '' ? whiteout.name : `${parent}/${whiteout.name}`)
      return true
  }
}
