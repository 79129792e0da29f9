/**
 * A digest of what COPY reads: names, modes, owners, links, attributes and bytes; no times,
 * so that a fresh checkout of the same files is the same.
 */
import { createHash, type Hash } from 'node:crypto'
import * as fs from 'node:fs'
import { decodeName } from '#oci/tar/names.ts'
import { openFileIndex } from '#sys/trees/file-index.ts'
import { findMatches, type Match } from '#sys/trees/matches.ts'
import { createListingWriter, type ListingWriter } from '#sys/trees/listing.ts'
import type { Selection, TreeSource } from '#sys/trees/messages.ts'
import { below, findStats } from '#sys/trees/paths.ts'
import { readNode, type TreeNode } from '#sys/trees/walk.ts'
import { copiedXattrs } from '#sys/trees/xattrs.ts'

/**
 * @param listingDirectory gets a list of the files, named by the digest
 * @throws EngineError not_found
 */
export function digestSelection(
  source: TreeSource,
  selection: Selection,
  listingDirectory?: string,
): string {
  const hash = createHash('sha256')
  const listing = createListingWriter(listingDirectory)
  const index = openFileIndex(source)
  for (const match of findMatches(source, selection)) {
    const node = readNode(source, selection, match)
    if (!node) continue
    addParents(hash, source, match)
    addNode({ hash, listing, source, digestOf: index.digestOf }, match.name, node)
  }
  index.save()
  const hex = hash.digest('hex')
  listing.save(hex)
  return `sha256:${hex}`
}

interface Digesting {
  readonly hash: Hash
  readonly listing: ListingWriter
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
  const { hash, listing, source } = digesting
  const { stats, sourcePath } = node
  const [mode = '', uid = '', gid = '', device = ''] = describe(source, stats)
  const content = describeContent(digesting, node)
  addLine(hash, [name, node.path, mode, uid, gid, device, ...content])
  listing.add(sourcePath, {
    mode: Number.parseInt(mode, 8),
    owner: `${uid}:${gid}`,
    content: [device, ...content.map((part) => part.slice(0, listedDigits))].join(' '),
  })
  for (const child of node.children) addNode(digesting, name, child)
}

/** Of a digest: enough to tell one content from another. */
const listedDigits = 16

/** The target of a link, or attributes and the digest of the bytes. */
function describeContent({ source, digestOf }: Digesting, node: TreeNode): string[] {
  const { stats, sourcePath } = node
  const place = below(source.rootPath, sourcePath)
  if (stats.isSymbolicLink()) {
    return [decodeName(fs.readlinkSync(place, { encoding: 'buffer' }))]
  }
  const attributes = copiedXattrs(place).flatMap(([key, value]) => [key, value.toString('hex')])
  return stats.isFile() ? [...attributes, digestOf(node)] : attributes
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
