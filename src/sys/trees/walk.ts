/** The files that a match stands for. */
import type { BigIntStats } from 'node:fs'
import { createIgnoreMatcher, type IgnoreMatcher } from '#oci/ignore.ts'
import { listNames, type Match } from '#sys/trees/matches.ts'
import type { Selection, TreeSource } from '#sys/trees/messages.ts'
import { below, findStats, joinPath } from '#sys/trees/paths.ts'

export interface TreeNode {
  /** Below the match; '' = the match itself. */
  readonly path: string
  /** Below the source's root. */
  readonly sourcePath: string
  readonly stats: BigIntStats
  /** Directories only. */
  readonly children: readonly TreeNode[]
}

/** What stays out: of the context by its ignore file, of a directory by `--exclude`. */
interface Filters {
  readonly ignored: IgnoreMatcher | undefined
  readonly excluded: IgnoreMatcher | undefined
}

/** The match with everything below it; undefined when the filters leave nothing of it. */
export function readNode(
  source: TreeSource,
  selection: Selection,
  match: Match,
): TreeNode | undefined {
  const filters: Filters = {
    ignored: source.ignore.length === 0 ? undefined : createIgnoreMatcher(source.ignore),
    excluded: selection.excludes.length === 0 ? undefined : createIgnoreMatcher(selection.excludes),
  }
  const visit = (path: string, sourcePath: string): TreeNode | undefined => {
    const stats = findStats(below(source.rootPath, sourcePath))
    // A socket belongs to the process that listens on it.
    if (!stats || stats.isSocket()) return undefined
    const verdict = judge(filters, { path, sourcePath, name: match.name })
    if (!stats.isDirectory()) {
      return verdict === 'in' ? { path, sourcePath, stats, children: [] } : undefined
    }
    if (verdict === 'out') return undefined
    const children = listNames(source.rootPath, sourcePath)
      .map((name) => visit(joinPath(path, name), joinPath(sourcePath, name)))
      .filter((node) => node !== undefined)
    // A directory that is out itself comes for the sake of what is inside only.
    if (verdict === 'perhaps' && children.length === 0) return undefined
    return { path, sourcePath, stats, children }
  }
  return visit('', match.path)
}

interface Candidate {
  readonly path: string
  readonly sourcePath: string
  /** What the match is called: `--exclude` judges a file by its name. */
  readonly name: string
}

type Verdict = 'in' | 'out' | 'perhaps'

function judge({ ignored, excluded }: Filters, candidate: Candidate): Verdict {
  const { path, sourcePath, name } = candidate
  const byIgnore = judgeOne(ignored, sourcePath)
  const byExclude = judgeOne(excluded, path === '' ? (name.split('/').at(-1) ?? '') : path)
  if (byIgnore === 'out' || byExclude === 'out') return 'out'
  return byIgnore === 'perhaps' || byExclude === 'perhaps' ? 'perhaps' : 'in'
}

function judgeOne(matcher: IgnoreMatcher | undefined, path: string): Verdict {
  if (!matcher || path === '' || !matcher.isIgnored(path)) return 'in'
  return matcher.mayContainIncluded(path) ? 'perhaps' : 'out'
}
