/** Patterns of COPY to paths of the source. */
import * as fs from 'node:fs'
import { EngineError } from '#base/errors.ts'
import { doubleStarGlobToRegExp, globToRegExp, hasGlob } from '#oci/glob.ts'
import { createIgnoreMatcher } from '#oci/ignore.ts'
import { decodeName } from '#oci/tar/names.ts'
import type { Selection, TreeSource } from '#sys/trees/messages.ts'
import { below, findStats, joinPath, lastName, resolveInRoot } from '#sys/trees/paths.ts'

export interface Match {
  /** Below the source's root, links followed; '' = the root itself. */
  readonly path: string
  /** What it is called in the target: its own name, or with `--parents` the path behind the pivot. */
  readonly name: string
  /** Source directories that `name` begins with, outermost first (`--parents`). */
  readonly parents: readonly string[]
}

/** @throws EngineError not_found `"/x": not found` for a literal path that is not there */
export function findMatches(source: TreeSource, selection: Selection): readonly Match[] {
  const isIgnored = ignoreTest(source)
  return selection.patterns.flatMap((pattern) => {
    const found = expand(source, selection, pattern).filter((path) => !isIgnored(path))
    if (found.length === 0 && !hasGlob(pattern)) throw notFound(source, pattern)
    return found.map((path) => toMatch(source, { selection, pattern, path }))
  })
}

function ignoreTest(source: TreeSource): (path: string) => boolean {
  if (source.ignore.length === 0) return () => false
  const matcher = createIgnoreMatcher(source.ignore)
  return (path) =>
    path !== '' &&
    matcher.isIgnored(path) &&
    !(isDirectory(source.rootPath, path) && matcher.mayContainIncluded(path))
}

/** Names as written, without leading slash, `.` and `..`; existing ones only. */
function expand(source: TreeSource, { keepsParents }: Selection, pattern: string): string[] {
  const names = cleanNames(pattern)
  if (!names.some(hasGlob)) {
    const path = names.join('/')
    return exists(source, path) ? [path] : []
  }
  const fixed = names.findIndex(hasGlob)
  const base = names.slice(0, fixed).join('/')
  const rest = names.slice(fixed)
  const hasDoubleStar = keepsParents && rest.some((name) => name.includes('**'))
  if (hasDoubleStar) return expandDeep(source, base, rest.join('/'))
  return rest.reduce<string[]>(
    (paths, name) => paths.flatMap((path) => expandName(source, path, name)),
    [base],
  )
}

function cleanNames(pattern: string): string[] {
  const kept: string[] = []
  for (const name of pattern.split('/')) {
    if (name === '..') kept.pop()
    else if (name !== '' && name !== '.') kept.push(name)
  }
  return kept
}

function expandName(source: TreeSource, parent: string, name: string): string[] {
  if (!hasGlob(name)) {
    const path = joinPath(parent, name)
    return exists(source, path) ? [path] : []
  }
  const expression = globToRegExp(name)
  return listNames(source.rootPath, resolveInRoot(source.rootPath, parent))
    .filter((candidate) => expression.test(candidate))
    .map((candidate) => joinPath(parent, candidate))
}

/** Every path below `base` that matches; what is below a match comes with it. */
function expandDeep(source: TreeSource, base: string, pattern: string): string[] {
  const expression = doubleStarGlobToRegExp(joinPath(base, pattern))
  const visit = (path: string): string[] => {
    if (path !== base && expression.test(path)) return [path]
    if (!isDirectory(source.rootPath, path)) return []
    return listNames(source.rootPath, path).flatMap((name) => visit(joinPath(path, name)))
  }
  return visit(base)
}

interface Found {
  readonly selection: Selection
  readonly pattern: string
  /** As written. */
  readonly path: string
}

function toMatch(source: TreeSource, { selection, pattern, path }: Found): Match {
  const resolved = resolveInRoot(source.rootPath, path)
  if (!selection.keepsParents) return { path: resolved, name: lastName(path), parents: [] }
  const pivot = pattern.indexOf('/./')
  const skipped = pivot < 0 ? '' : cleanNames(pattern.slice(0, pivot)).join('/')
  const name = skipped === '' ? path : path.slice(skipped.length + 1)
  const parts = name.split('/').slice(0, -1)
  const parents = parts.map((_, index) =>
    resolveInRoot(
      source.rootPath,
      [...(skipped === '' ? [] : [skipped]), ...parts.slice(0, index + 1)].join('/'),
    ),
  )
  return { path: resolved, name, parents }
}

export function listNames(rootPath: string, path: string): string[] {
  if (!isDirectory(rootPath, path)) return []
  const names = fs.readdirSync(below(rootPath, path), { encoding: 'buffer' })
  return names.toSorted((a, b) => a.compare(b)).map(decodeName)
}

function isDirectory(rootPath: string, path: string): boolean {
  return findStats(below(rootPath, path))?.isDirectory() === true
}

function exists({ rootPath }: TreeSource, path: string): boolean {
  return findStats(below(rootPath, resolveInRoot(rootPath, path))) !== undefined
}

function notFound(source: TreeSource, pattern: string): EngineError {
  const path = cleanNames(pattern).join('/')
  const isThere = exists(source, path)
  return new EngineError('not_found', `"/${path}": not found`, {
    ...(isThere && { hint: `"${path}" is in the build context but excluded by its ignore file` }),
  })
}
