/**
 * COPY: files of one tree into another, with the rules of Docker's builder for names,
 * directories and metadata (dockerfile reference, "COPY").
 */
import { EngineError } from '#base/errors.ts'
import { isArchive } from '#sys/trees/archives.ts'
import { createCopier, type Copier } from '#sys/trees/copier.ts'
import { findMatches, type Match } from '#sys/trees/matches.ts'
import type { CopyTarget, FoundArchive, Selection, TreeSource } from '#sys/trees/messages.ts'
import { below, findStats, joinPath, parentPath, resolveInRoot } from '#sys/trees/paths.ts'
import { readNode, type TreeNode } from '#sys/trees/walk.ts'

export interface CopyJob {
  readonly source: TreeSource
  readonly selection: Selection
  readonly target: CopyTarget
}

/** @throws EngineError not_found, invalid_argument (a directory over a file) */
export function copySelection(job: CopyJob): readonly FoundArchive[] {
  const copier = createCopier(job)
  const archives: FoundArchive[] = []
  for (const match of findMatches(job.source, job.selection)) {
    const node = readNode(job.source, job.selection, match)
    if (!node) continue
    const archive = copyMatch(job, copier, { match, node })
    if (archive) archives.push(archive)
  }
  copier.finish()
  return archives
}

interface Matched {
  readonly match: Match
  readonly node: TreeNode
}

function copyMatch(
  { source, selection, target }: CopyJob,
  copier: Copier,
  { match, node }: Matched,
): FoundArchive | undefined {
  const place = resolveInRoot(target.rootPath, target.path)
  const isArchiveToUnpack =
    target.leavesArchives &&
    node.stats.isFile() &&
    isArchive(below(source.rootPath, node.sourcePath))
  if (isArchiveToUnpack) {
    copier.makePlainDirectories(place)
    return {
      path: `${source.rootPath}/${node.sourcePath}`,
      directory: `${target.rootPath}/${place}`,
    }
  }
  if (selection.keepsParents) {
    copier.makeDirectories(place)
    copyWithParents(copier, { match, node }, place)
  } else if (node.stats.isDirectory()) {
    copier.makeDirectories(place)
    copier.copyContents(node, place)
  } else {
    copier.copyNode(node, filePlace(copier, target, { match, place }))
  }
  return undefined
}

function copyWithParents(copier: Copier, { match, node }: Matched, place: string): void {
  const parts = match.name.split('/')
  for (const [index, parent] of match.parents.entries()) {
    copier.copyDirectory(parent, joinPath(place, parts.slice(0, index + 1).join('/')))
  }
  const target = match.name === '' ? place : joinPath(place, match.name)
  if (!node.stats.isDirectory()) return copier.copyNode(node, target)
  if (target === '') return copier.copyContents(node, target)
  copier.copyDirectory(node.sourcePath, target)
  copier.copyContents(node, target)
}

/** A file keeps its name in a directory, and takes the destination's anywhere else. */
function filePlace(
  copier: Copier,
  target: CopyTarget,
  { match, place }: { readonly match: Match; readonly place: string },
): string {
  const isDirectory =
    target.path.endsWith('/') || findStats(below(target.rootPath, place))?.isDirectory() === true
  copier.makeDirectories(isDirectory ? place : parentPath(place))
  if (!isDirectory) return place
  const inside = joinPath(place, match.name)
  const present = findStats(below(target.rootPath, inside))
  if (present?.isDirectory() === true) {
    throw new EngineError('invalid_argument', `cannot overwrite directory "/${inside}" with a file`)
  }
  return inside
}
