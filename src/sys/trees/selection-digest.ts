/**
 * A digest of what COPY reads: names, modes, owners, links, attributes and bytes; no times,
 * so that a fresh checkout of the same files is the same.
 */
import { createHash, type Hash } from 'node:crypto'
import * as fs from 'node:fs'
import { decodeName } from '#oci/tar/names.ts'
import { openFileIndex } from '#sys/trees/file-index.ts'
import { findMatches, type Match } from '#sys/trees/matches.ts'
import type { Selection, TreeSource } from '#sys/trees/messages.ts'
import { below, findStats } from '#sys/trees/paths.ts'
import { readNode, type TreeNode } from '#sys/trees/walk.ts'
import { copiedXattrs } from '#sys/trees/xattrs.ts'

/** @throws EngineError not_found */
export function digestSelection(source: TreeSource, selection: Selection): string {
  const hash = createHash('sha256')
  const index = openFileIndex(source)
  for (const match of findMatches(source, selection)) {
    const node = readNode(source, selection, match)
    if (!node) continue
    addParents(hash, source, match)
    addNode({ hash, source, digestOf: index.digestOf }, match.name, node)
  }
  index.save()
  return `sha256:${hash.digest('hex')}`
}

interface Digesting {
  readonly hash: Hash
  readonly source: TreeSource
  readonly digestOf: (node: TreeNode) => string
}

function addParents(hash: Hash, source: TreeSource, { parents }: Match): void {
  for (const parent of parents) {
    const stats = findStats(below(source.rootPath, parent))
    if (stats) addLine(hash, ['parent', parent, ...describe(source, stats)])
  }
}

function addNode(digesting: Digesting, name: string, node: TreeNode): void {
  const { hash, source, digestOf } = digesting
  const { stats, sourcePath } = node
  const place = below(source.rootPath, sourcePath)
  const fields = [name, node.path, ...describe(source, stats)]
  if (stats.isSymbolicLink()) {
    fields.push(decodeName(fs.readlinkSync(place, { encoding: 'buffer' })))
  } else {
    for (const [key, value] of copiedXattrs(place)) fields.push(key, value.toString('hex'))
    if (stats.isFile()) fields.push(digestOf(node))
  }
  addLine(hash, fields)
  for (const child of node.children) addNode(digesting, name, child)
}

function describe({ isRootOwned }: TreeSource, stats: fs.BigIntStats): string[] {
  const owner = isRootOwned ? ['0', '0'] : [String(stats.uid), String(stats.gid)]
  const isDevice = stats.isCharacterDevice() || stats.isBlockDevice()
  // Permissions of a link mean nothing and differ between filesystems.
  const mode = stats.isSymbolicLink() ? stats.mode & 0o170000n : stats.mode
  return [mode.toString(8), ...owner, isDevice ? String(stats.rdev) : '']
}

function addLine(hash: Hash, fields: readonly string[]): void {
  hash.update(JSON.stringify(fields))
  hash.update('\n')
}
