import { EngineError } from '#base/errors.ts'
import { removePrefix, removeSuffix, replacePattern } from '#build/dockerfile/patterns.ts'
import type { Scanner } from '#build/dockerfile/words.ts'

export interface Variables {
  find(name: string): string | undefined
  /** Told of every variable that a word reads, set or not: cache keys and UndefinedVar need it. */
  readonly onRead?: (name: string, isSet: boolean) => void
  /** What reads an unset variable is left as written. */
  readonly keepsUnset?: boolean
}

/** Replaces the `$…` at the scanner. @throws EngineError invalid_argument */
export function expandVariable(scanner: Scanner, variables: Variables): string {
  if (variables.keepsUnset !== true) return expandHere(scanner, variables)
  const start = scanner.offset()
  let isUnset = false
  const find = (name: string) => {
    const value = variables.find(name)
    isUnset ||= value === undefined
    return value
  }
  const value = expandHere(scanner, { ...variables, find })
  return isUnset ? scanner.since(start) : value
}

function expandHere(scanner: Scanner, variables: Variables): string {
  scanner.next()
  if (scanner.peek() !== '{') {
    const name = readName(scanner)
    return name === '' ? '$' : (read(variables, name) ?? '')
  }
  scanner.next()
  const name = readName(scanner)
  if (name === '') throw badSubstitution(scanner)
  const value = expandBraced(scanner, variables, name)
  if (scanner.next() !== '}') throw badSubstitution(scanner)
  return value
}

function expandBraced(scanner: Scanner, variables: Variables, name: string): string {
  const operator = scanner.peek()
  switch (operator) {
    case '}':
      return read(variables, name) ?? ''
    case ':':
      scanner.next()
      return expandDefault(scanner, variables, {
        name,
        operator: scanner.next(),
        emptyIsUnset: true,
      })
    case '-':
    case '+':
    case '?':
      return expandDefault(scanner, variables, {
        name,
        operator: scanner.next(),
        emptyIsUnset: false,
      })
    case '#':
    case '%':
      return expandTrim(scanner, read(variables, name) ?? '')
    case '/':
      return expandReplace(scanner, read(variables, name) ?? '')
    default:
      throw new EngineError(
        'invalid_argument',
        `unsupported modifier (${operator}) in substitution`,
      )
  }
}

interface DefaultOperator {
  readonly name: string
  readonly operator: string
  readonly emptyIsUnset: boolean
}

function expandDefault(scanner: Scanner, variables: Variables, how: DefaultOperator): string {
  const word = scanner.until('}')
  const value = read(variables, how.name)
  const isSet = value !== undefined && !(how.emptyIsUnset && value === '')
  switch (how.operator) {
    case '-':
      return isSet ? value : word
    case '+':
      return isSet ? word : ''
    case '?':
      if (isSet) return value
      throw new EngineError(
        'invalid_argument',
        `${how.name}: ${word === '' ? 'is not allowed to be unset' : word}`,
      )
    default:
      throw new EngineError(
        'invalid_argument',
        `unsupported modifier (:${how.operator}) in substitution`,
      )
  }
}

function expandTrim(scanner: Scanner, value: string): string {
  const operator = scanner.next()
  const isGreedy = scanner.peek() === operator
  if (isGreedy) scanner.next()
  const pattern = scanner.until('}')
  return operator === '#'
    ? removePrefix(value, pattern, isGreedy)
    : removeSuffix(value, pattern, isGreedy)
}

function expandReplace(scanner: Scanner, value: string): string {
  scanner.next()
  const isGlobal = scanner.peek() === '/'
  if (isGlobal) scanner.next()
  const pattern = scanner.until('/}')
  if (scanner.next() !== '/') {
    throw new EngineError('invalid_argument', "syntax error: missing '/' in ${}")
  }
  const replacement = scanner.until('}')
  return replacePattern(value, pattern, { replacement, isGlobal })
}

/** A name, or one of the shell's single-character parameters. */
function readName(scanner: Scanner): string {
  if (/[0-9@*#?!$-]/.test(scanner.peek())) return scanner.next()
  let name = ''
  while (/[A-Za-z0-9_]/.test(scanner.peek())) name += scanner.next()
  return name
}

function read(variables: Variables, name: string): string | undefined {
  const value = variables.find(name)
  variables.onRead?.(name, value !== undefined)
  return value
}

function badSubstitution(scanner: Scanner): EngineError {
  const why = scanner.isAtEnd() ? "syntax error: missing '}'" : 'syntax error: bad substitution'
  return new EngineError('invalid_argument', why)
}
