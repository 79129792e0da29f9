/** Writes nodes of a source tree into a target tree, metadata and hard links kept. */
import * as fs from 'node:fs'
import { EngineError } from '#base/errors.ts'
import { changeOwner, deviceNumbers, makeDeviceNode, makeFifo, type PathName } from '#sys/files.ts'
import {
  applyAttributes,
  applyTime,
  attributeRule,
  type Attributes,
  rootOwner,
} from '#sys/trees/attributes.ts'
import { copyFile } from '#sys/trees/copy-file.ts'
import type { CopyJob } from '#sys/trees/copy.ts'
import { makeDirectories, makeMissing } from '#sys/trees/make-directories.ts'
import { below, findStats, joinPath, lastName } from '#sys/trees/paths.ts'
import type { TreeNode } from '#sys/trees/walk.ts'

/** Paths are below the target's root, without links. */
export interface Copier {
  /** Makes what is missing on the way to `path`, itself included, with the copy's owner and mode. */
  makeDirectories(path: string): void
  /** As `makeDirectories`, always 0755: what archives are unpacked into. */
  makePlainDirectories(path: string): void
  /** A directory alone, with its metadata; one that exists keeps its own. */
  copyDirectory(sourcePath: string, path: string): void
  /** What is inside a directory. The target directory, which exists, takes only its time. */
  copyContents(node: TreeNode, path: string): void
  copyNode(node: TreeNode, path: string): void
  /** Sets what must come last: the times of directories. */
  finish(): void
}

interface Copying {
  readonly job: CopyJob
  readonly attributesOf: (stats: fs.BigIntStats) => Attributes
  /** Where an inode with several names was copied to first. */
  readonly links: Map<string, string>
  /** Directories whose times are set at the end. */
  readonly described: [path: PathName, attributes: Attributes][]
}

export function createCopier(job: CopyJob): Copier {
  const { source, target } = job
  const attributesOf = attributeRule(source, target)
  const copying: Copying = { job, attributesOf, links: new Map(), described: [] }
  const { rootPath, owner = rootOwner, mode: asked = '' } = target
  // Octal modes are for what is made on the way too; symbolic ones change what was copied.
  const hasMode = /^[0-7]+$/.test(asked) && target.makesPlainParents !== true
  const made = hasMode ? { mode: Number.parseInt(asked, 8) } : {}
  return {
    makeDirectories: (path) => makeDirectories({ rootPath, path, owner, ...made }),
    makePlainDirectories: (path) => makeDirectories({ rootPath, path, owner }),
    copyContents: (node, path) => copyContents(copying, node, path),
    copyNode: (node, path) => copyNode(copying, node, path),
    copyDirectory(sourcePath, path) {
      const stats = findStats(below(source.rootPath, sourcePath))
      if (!stats || !ensureDirectory(copying, path)) return
      describeDirectory(copying, { sourcePath, stats }, path)
    },
    finish() {
      for (const [place, attributes] of copying.described) applyTime(place, attributes)
    },
  }
}

function copyContents(copying: Copying, node: TreeNode, path: string): void {
  for (const child of node.children) copyNode(copying, child, joinPath(path, lastName(child.path)))
  if (path !== '') describeTime(copying, node, path)
}

function copyNode(copying: Copying, node: TreeNode, path: string): void {
  if (node.stats.isDirectory()) {
    ensureDirectory(copying, path)
    for (const child of node.children) {
      copyNode(copying, child, joinPath(path, lastName(child.path)))
    }
    describeDirectory(copying, node, path)
    return
  }
  const { source, target } = copying.job
  const place = below(target.rootPath, path)
  clear(place, path)
  const first = firstLink(copying, node.stats, path)
  if (first === undefined)
    writeNode(copying, node.stats, [below(source.rootPath, node.sourcePath), place])
  else fs.linkSync(below(target.rootPath, first), place)
}

/** True when it is new. */
function ensureDirectory({ job }: Copying, path: string): boolean {
  const place = below(job.target.rootPath, path)
  if (findStats(place)?.isDirectory() === true) return false
  makeMissing(place, path)
  return true
}

function describeDirectory(
  { job, attributesOf, described }: Copying,
  { sourcePath, stats }: Pick<TreeNode, 'sourcePath' | 'stats'>,
  path: string,
): void {
  const place = below(job.target.rootPath, path)
  const attributes = attributesOf(stats)
  applyAttributes(below(job.source.rootPath, sourcePath), place, attributes)
  described.push([place, attributes])
}

/** What was there keeps its owner and mode, but not its time. */
function describeTime({ job, attributesOf, described }: Copying, node: TreeNode, path: string) {
  described.push([below(job.target.rootPath, path), attributesOf(node.stats)])
}

/** Where the same inode was copied to already. */
function firstLink({ links }: Copying, stats: fs.BigIntStats, path: string): string | undefined {
  if (stats.nlink < 2n) return undefined
  const inode = `${stats.dev}:${stats.ino}`
  const first = links.get(inode)
  if (first === undefined) links.set(inode, path)
  return first
}

function writeNode(
  { attributesOf }: Copying,
  stats: fs.BigIntStats,
  [from, to]: readonly [PathName, PathName],
): void {
  const attributes = attributesOf(stats)
  if (stats.isFile()) return copyFile({ from, to, stats, attributes })
  if (stats.isSymbolicLink()) {
    fs.symlinkSync(fs.readlinkSync(from, { encoding: 'buffer' }), to)
    changeOwner(to, attributes.uid, attributes.gid)
  } else {
    makeSpecial(to, stats)
    applyAttributes(from, to, attributes)
  }
  applyTime(to, attributes)
}

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
