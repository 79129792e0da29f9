/** Argument shapes that several instructions share. */
import type { EngineError } from '#base/errors.ts'
import { instructionError } from '#build/dockerfile/source.ts'
import type { Command, KeyValue } from '#build/dockerfile/types.ts'
import { splitWords } from '#build/dockerfile/words.ts'

/**
 * A JSON array of strings, or undefined when the text is no JSON.
 * @throws EngineError invalid_argument for an array of anything else
 */
export function parseJsonStrings(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined
  const value = readJson(text)
  if (!Array.isArray(value)) return undefined
  if (value.every((item) => typeof item === 'string')) return value
  const message = 'when using JSON array syntax, arrays must be comprised of strings only'
  throw instructionError(message, { word: text, isBare: true })
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Exec form when the text is a JSON array, shell form otherwise. */
export function parseCommand(text: string): Command {
  const args = parseJsonStrings(text)
  return args ? { form: 'exec', args } : { form: 'shell', text }
}

/** Words at white space, quotes and escapes kept: they are expanded later. */
export function rawWords(text: string, escape: string): string[] {
  return splitWords(text, { escape }).map((word) => word.raw)
}

/** A JSON array's items or raw words. */
export function listArguments(text: string, escape: string): readonly string[] {
  return parseJsonStrings(text) ?? rawWords(text, escape)
}

export interface KeyValueArguments {
  readonly pairs: readonly KeyValue[]
  readonly isLegacy: boolean
}

/**
 * `k=v k2="v 2"`, or the legacy `k the whole rest`. Keys and values stay raw.
 * @throws EngineError invalid_argument
 */
export function parseKeyValues(keyword: string, text: string, escape: string): KeyValueArguments {
  const words = rawWords(text, escape)
  const [first] = words
  if (first === undefined) throw atLeastOne(keyword)
  if (!first.includes('=')) return { pairs: [legacyPair(keyword, text)], isLegacy: true }
  const pairs = words.map((word) => {
    const equals = word.indexOf('=')
    if (equals < 0) {
      const message = `Syntax error - can't find = in "${word}". Must be of the form: name=value`
      throw instructionError(message, { word, isBare: true })
    }
    if (equals === 0) throw instructionError(`${keyword} names can not be blank`, { word })
    return { key: word.slice(0, equals), value: word.slice(equals + 1) }
  })
  return { pairs, isLegacy: false }
}

function legacyPair(keyword: string, text: string): KeyValue {
  const match = /^(\S+)\s+(.+)$/s.exec(text.trim())
  if (!match) throw instructionError(`${keyword} must have two arguments`, { isBare: true })
  return { key: match[1] ?? '', value: match[2] ?? '' }
}

export function atLeastOne(keyword: string): EngineError {
  return instructionError(`${keyword} requires at least one argument`)
}
