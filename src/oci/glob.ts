/**
 * Go's path globs, as Docker uses them: `*` and `?` stop at a slash, `[a-z]` and
 * `[^a-z]` are classes, a backslash escapes; in ignore files and `--parents`
 * also `**`, any number of directories.
 */
import { EngineError } from '#base/errors.ts'

/** Whether a path component or pattern has anything to match; else it is a literal name. */
export function hasGlob(pattern: string): boolean {
  return /[*?[\\]/.test(pattern)
}

/** Go's filepath.Match as an expression over the whole path. @throws EngineError invalid_argument */
export function globToRegExp(pattern: string): RegExp {
  return new RegExp(`^${translate(pattern, false)}$`, 'su')
}

/** The same with `**`. @throws EngineError invalid_argument */
export function doubleStarGlobToRegExp(pattern: string): RegExp {
  return new RegExp(`^${translate(pattern, true)}$`, 'su')
}

function translate(pattern: string, hasDoubleStar: boolean): string {
  let expression = ''
  for (let at = 0; at < pattern.length;) {
    const piece =
      hasDoubleStar && pattern.startsWith('**', at) ? doubleStar(pattern, at) : single(pattern, at)
    expression += piece.expression
    at = piece.next
  }
  return expression
}

interface Piece {
  readonly expression: string
  readonly next: number
}

function doubleStar(pattern: string, at: number): Piece {
  let next = at + 2
  while (pattern.charAt(next) === '*') next++
  if (pattern.charAt(next) === '/') return { expression: '(?:.*/)?', next: next + 1 }
  return { expression: '.*', next }
}

function single(pattern: string, at: number): Piece {
  const character = pattern.charAt(at)
  switch (character) {
    case '*':
      return { expression: '[^/]*', next: at + 1 }
    case '?':
      return { expression: '[^/]', next: at + 1 }
    case '[':
      return characterClass(pattern, at)
    case '\\':
      if (at + 1 >= pattern.length) throw syntaxError(pattern)
      return { expression: RegExp.escape(pattern.charAt(at + 1)), next: at + 2 }
    default:
      return { expression: RegExp.escape(character), next: at + 1 }
  }
}

function characterClass(pattern: string, at: number): Piece {
  const isNegated = pattern.charAt(at + 1) === '^'
  let body = ''
  let next = at + (isNegated ? 2 : 1)
  for (; pattern.charAt(next) !== ']' || body === ''; next++) {
    if (next >= pattern.length) throw syntaxError(pattern)
    const isEscape = pattern.charAt(next) === '\\'
    if (isEscape) next++
    const character = pattern.charAt(next)
    body +=
      character === '-' && !isEscape ? '-' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  }
  return { expression: `[${isNegated ? '^/' : ''}${body}]`, next: next + 1 }
}

function syntaxError(pattern: string): EngineError {
  return new EngineError('invalid_argument', `match pattern "${pattern}": syntax error in pattern`)
}
