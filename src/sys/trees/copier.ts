/** Writes nodes of a source tree into a target tree, metadata and hard links kept. */
import * as fs from 'node:fs'
import { EngineError } from '#base/errors.ts'
import { makeDeviceNode, makeFifo, changeOwner, deviceNumbers, setTimes } from '#sys/files.ts'
import type { PathName } from '#sys/files.ts'
import type { CopyJob } from '#sys/trees/copy.ts'
import { copyFile } from '#sys/trees/copy-file.ts'
import { makeDirectories, makeMissing } from '#sys/trees/make-directories.ts'
import { parseMode } from '#sys/trees/modes.ts'
import { below, findStats, joinPath, lastName } from '#sys/trees/paths.ts'
import type { TreeNode } from '#sys/trees/walk.ts'
import { copiedXattrs, ignoringUnsupported } from '#sys/trees/xattrs.ts'
import { setXattr } from '#sys/xattr.ts'

/** Paths are below the target's root, without links. */
export interface Copier {
  /** Makes what is missing on the way to `path`, itself included: 0755, owned as the copied files. */
  makeDirectories(path: string): void
  /** A directory alone, with its metadata; one that exists keeps its own. */
  copyDirectory(sourcePath: string, path: string): void
  /** What is inside a directory; the target directory keeps its metadata when it exists. */
  copyContents(node: TreeNode, path: string): void
  copyNode(node: TreeNode, path: string): void
  /** Sets what must come last: the times of directories. */
  finish(): void
}

/** What the copy of an entry gets. */
export interface Attributes {
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly seconds: number
  readonly nanoseconds: number
}

export function createCopier({ source, target }: CopyJob): Copier {
  const changeMode = target.mode === undefined ? undefined : parseMode(target.mode)
  const links = new Map<string, string>()
  const times: (readonly [path: PathName, attributes: Attributes])[] = []

  function attributesOf(stats: fs.BigIntStats): Attributes {
    const mode = Number(stats.mode) & 0o7777
    const own = source.isRootOwned ? root : { uid: Number(stats.uid), gid: Number(stats.gid) }
    const seconds = stats.mtimeNs / 1_000_000_000n
    return {
      ...(target.owner ?? own),
      mode: changeMode?.({ mode, isDirectory: stats.isDirectory() }) ?? mode,
      seconds: Number(seconds),
      nanoseconds: Number(stats.mtimeNs - seconds * 1_000_000_000n),
    }
  }

  /** True when it is new. */
  function ensureDirectory(node: { readonly path: string }): boolean {
    const place = below(target.rootPath, node.path)
    if (findStats(place)?.isDirectory() === true) return false
    makeMissing(place, node.path)
    return true
  }

  function describeDirectory(sourcePath: string, path: string, stats: fs.BigIntStats): void {
    const place = below(target.rootPath, path)
    const attributes = attributesOf(stats)
    changeOwner(place, attributes.uid, attributes.gid)
    fs.chmodSync(place, attributes.mode)
    copyXattrs(below(source.rootPath, sourcePath), place)
    times.push([place, attributes])
  }

  function copyContents(node: TreeNode, path: string): void {
    const isNew = path !== '' && ensureDirectory({ path })
    for (const child of node.children) copyNode(child, joinPath(path, lastName(child.path)))
    if (isNew) describeDirectory(node.sourcePath, path, node.stats)
  }

  function copyNode(node: TreeNode, path: string): void {
    if (node.stats.isDirectory()) {
      ensureDirectory({ path })
      for (const child of node.children) copyNode(child, joinPath(path, lastName(child.path)))
      describeDirectory(node.sourcePath, path, node.stats)
      return
    }
    const place = below(target.rootPath, path)
    clear(place, path)
    const first = firstLink(node.stats, path)
    if (first !== undefined) fs.linkSync(below(target.rootPath, first), place)
    else writeNode(below(source.rootPath, node.sourcePath), place, node.stats)
  }

  /** Where the same inode was copied to already. */
  function firstLink(stats: fs.BigIntStats, path: string): string | undefined {
    if (stats.nlink < 2n) return undefined
    const inode = `${stats.dev}:${stats.ino}`
    const first = links.get(inode)
    if (first === undefined) links.set(inode, path)
    return first
  }

  function writeNode(from: PathName, to: PathName, stats: fs.BigIntStats): void {
    const attributes = attributesOf(stats)
    if (stats.isFile()) return copyFile({ from, to, stats, attributes })
    if (stats.isSymbolicLink()) {
      fs.symlinkSync(fs.readlinkSync(from, { encoding: 'buffer' }), to)
    } else {
      makeSpecial(to, stats)
      fs.chmodSync(to, attributes.mode)
      copyXattrs(from, to)
    }
    changeOwner(to, attributes.uid, attributes.gid)
    setTimes(to, attributes.seconds, attributes.nanoseconds)
  }

  return {
    makeDirectories: (path) =>
      makeDirectories({ rootPath: target.rootPath, path, owner: target.owner ?? root }),
    copyContents,
    copyNode,
    copyDirectory(sourcePath, path) {
      const stats = findStats(below(source.rootPath, sourcePath))
      if (stats && ensureDirectory({ path })) describeDirectory(sourcePath, path, stats)
    },
    finish() {
      for (const [place, { seconds, nanoseconds }] of times) setTimes(place, seconds, nanoseconds)
    },
  }
}

const root = { uid: 0, gid: 0 }

/** A file gives way, and an empty directory; a link is replaced, never followed. */
function clear(place: PathName, path: string): void {
  const present = findStats(place)
  if (!present) return
  if (!present.isDirectory()) return fs.unlinkSync(place)
  try {
    fs.rmdirSync(place)
  } catch (error) {
    throw new EngineError('invalid_argument', `cannot copy a file over directory "/${path}"`, {
      cause: error,
    })
  }
}

function makeSpecial(place: PathName, stats: fs.BigIntStats): void {
  if (stats.isFIFO()) return makeFifo(place, 0o600)
  const type = stats.isBlockDevice() ? 'block' : 'character'
  makeDeviceNode(place, { type, mode: 0o600, ...deviceNumbers(stats.rdev) })
}

function copyXattrs(from: PathName, to: PathName): void {
  for (const [name, value] of copiedXattrs(from)) {
    ignoringUnsupported(() => setXattr(to, name, value))
  }
}
