/** `--name=value` flags between an instruction word and its arguments. */
import { instructionError } from '#build/dockerfile/source.ts'
import { suggestion } from '#build/dockerfile/suggest.ts'

export type FlagKind = 'string' | 'strings' | 'boolean'

export interface Flags {
  string(name: string): string | undefined
  strings(name: string): readonly string[]
  boolean(name: string): boolean | undefined
}

/** Splits the flags off the front of `text`; a lone `--` ends them. */
export function splitFlags(text: string): {
  readonly flags: readonly string[]
  readonly rest: string
} {
  const flags: string[] = []
  let rest = text
  for (;;) {
    const match = /^\s*(--\S*)(?:\s+|$)/.exec(rest)
    if (!match) break
    rest = rest.slice(match[0].length)
    if (match[1] === '--') break
    flags.push(match[1] ?? '')
  }
  return { flags, rest: rest.trim() }
}

/** @throws EngineError invalid_argument on unknown, repeated and malformed flags */
export function readFlags(
  words: readonly string[],
  allowed: Readonly<Record<string, FlagKind>>,
): Flags {
  const values = new Map<string, string[]>()
  for (const word of words) {
    const equals = word.indexOf('=')
    const name = word.slice(2, equals < 0 ? undefined : equals)
    const value = checkFlag(
      { name, value: equals < 0 ? undefined : word.slice(equals + 1) },
      allowed,
    )
    const earlier = values.get(name)
    if (earlier && allowed[name] !== 'strings') {
      throw instructionError(`duplicate flag specified: --${name}`, { word })
    }
    values.set(name, [...(earlier ?? []), value])
  }
  return {
    string: (name) => values.get(name)?.[0],
    strings: (name) => values.get(name) ?? [],
    boolean: (name) => (values.has(name) ? values.get(name)?.[0] === 'true' : undefined),
  }
}

interface FlagWord {
  readonly name: string
  readonly value: string | undefined
}

function checkFlag({ name, value }: FlagWord, allowed: Readonly<Record<string, FlagKind>>): string {
  const kind = Object.hasOwn(allowed, name) ? allowed[name] : undefined
  if (kind === undefined) {
    const similar = suggestion(name, Object.keys(allowed))
    throw instructionError(`unknown flag: --${name}${similar}`, { word: `--${name}` })
  }
  if (kind !== 'boolean') {
    if (value === undefined)
      throw instructionError(`missing a value on flag: --${name}`, { word: `--${name}` })
    return value
  }
  const text = (value ?? 'true').toLowerCase()
  if (text !== 'true' && text !== 'false') {
    throw instructionError(`expecting boolean value for flag --${name}, not: ${value}`, {
      word: `--${name}`,
    })
  }
  return text
}
