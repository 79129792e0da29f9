/** `.dockerignore`: which paths of a build context stay out. */
import { posix } from 'node:path'
import { doubleStarGlobToRegExp } from '#oci/glob.ts'

export interface IgnoreMatcher {
  /** Whether the path, or a directory above it, is kept out. The last pattern that matches decides. */
  isIgnored(path: string): boolean
  /** Whether an ignored directory must still be walked, since a `!` pattern may bring something back. */
  mayContainIncluded(directory: string): boolean
}

interface Pattern {
  readonly text: string
  readonly expression: RegExp
  readonly isException: boolean
}

/** The patterns of an ignore file: comments, blank lines and a byte order mark dropped. */
export function parseIgnoreFile(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => cleanPattern(line.trim()))
    .filter((line) => line !== '')
}

function cleanPattern(line: string): string {
  const isException = line.startsWith('!')
  const body = isException ? line.slice(1).trim() : line
  if (body === '') return ''
  const clean = posix.normalize(body).replace(/^\/+/, '').replace(/\/+$/, '')
  return isException ? `!${clean}` : clean
}

/** @throws EngineError invalid_argument on a malformed pattern */
export function createIgnoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const compiled = patterns.map(compile)
  const exceptions = compiled.filter(({ isException }) => isException)
  return {
    isIgnored(path) {
      const prefixes = selfAndParents(path)
      const last = compiled.findLast(({ expression }) =>
        prefixes.some((prefix) => expression.test(prefix)),
      )
      return last !== undefined && !last.isException
    },
    mayContainIncluded: (directory) =>
      exceptions.some(({ text }) => mayMatchBelow(text, directory)),
  }
}

function compile(pattern: string): Pattern {
  const isException = pattern.startsWith('!')
  const text = isException ? pattern.slice(1) : pattern
  return { text, isException, expression: doubleStarGlobToRegExp(text) }
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
function selfAndParents(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Compares component by component as far as both go; wildcards may match anything. */
function mayMatchBelow(pattern: string, directory: string): boolean {
  const wanted = pattern.split('/')
  for (const [index, name] of directory.split('/').entries()) {
    const component = wanted[index]
    if (component === undefined || component.includes('**')) return true
    if (!doubleStarGlobToRegExp(component).test(name)) return false
  }
  return true
}
