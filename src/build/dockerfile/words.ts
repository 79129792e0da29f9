/**
 * The small shell language of Dockerfile words: quotes, the escape character,
 * and variables with all operators (`${v:-w}`, `${v##p}`, `${v/p/r}`, `${v:?e}` …).
 */
import { expandVariable, type Variables } from '#build/dockerfile/variables.ts'
import { EngineError, errorMessage } from '#base/errors.ts'

export interface WordOptions {
  /** The escape character: `\` or a backtick. */
  readonly escape: string
  /** Values of variables; without it `$` is left as written. */
  readonly variables?: Variables
  /** Quotes stand for themselves and end nothing, as in the body of a heredoc. */
  readonly keepsQuotes?: boolean
  /** So do escapes, which keep what follows them from being read. */
  readonly keepsEscapes?: boolean
}

export interface Word {
  /** Quotes removed, escapes resolved, variables replaced. */
  readonly value: string
  /** As written. */
  readonly raw: string
  /** Offset in the text. */
  readonly offset: number
}

/** One word: the whole text, white space included. @throws EngineError invalid_argument */
export function expandWord(text: string, options: WordOptions): string {
  return createScanner(text, options).untilEnd()
}

/** As `expandWord`, its errors naming the word. @throws EngineError invalid_argument */
export function processWord(text: string, options: WordOptions): string {
  try {
    return expandWord(text, options)
  } catch (error) {
    const detail = `failed to process ${JSON.stringify(text)}: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', detail, { cause: error })
  }
}

/** The body of a heredoc: variables and escapes only. @throws EngineError invalid_argument */
export function expandHeredoc(body: string, options: WordOptions): string {
  return expandWord(body, { ...options, keepsQuotes: true })
}

/** Splits at white space outside quotes. @throws EngineError invalid_argument on an open quote */
export function splitWords(text: string, options: WordOptions): Word[] {
  const words: Word[] = []
  const scanner = createScanner(text, options)
  for (scanner.skipSpace(); !scanner.isAtEnd(); scanner.skipSpace()) {
    const offset = scanner.offset()
    const value = scanner.untilSpace()
    words.push({ value, raw: text.slice(offset, scanner.offset()), offset })
  }
  return words
}

/** A cursor over the text; also what variable operators read their words with. */
export interface Scanner {
  isAtEnd(): boolean
  offset(): number
  peek(): string
  next(): string
  skipSpace(): void
  /** The text from an offset up to here. */
  since(offset: number): string
  untilEnd(): string
  untilSpace(): string
  /** Reads to one of the unquoted `stops`, which is left unread. */
  until(stops: string): string
}

function createScanner(text: string, options: WordOptions): Scanner {
  let at = 0
  const scanner: Scanner = {
    isAtEnd: () => at >= text.length,
    offset: () => at,
    peek: () => text.charAt(at),
    next: () => text.charAt(at++),
    skipSpace() {
      while (at < text.length && /\s/.test(text.charAt(at))) at++
    },
    since: (offset) => text.slice(offset, at),
    untilEnd: () => read(() => false),
    untilSpace: () => read((character) => /\s/.test(character)),
    until: (stops) => read((character) => stops.includes(character)),
  }
  function read(isStop: (character: string) => boolean): string {
    let value = ''
    while (at < text.length && !isStop(text.charAt(at))) value += readPiece()
    return value
  }
  function readPiece(): string {
    const character = text.charAt(at)
    if (character === "'" && options.keepsQuotes !== true) return readSingleQuoted()
    if (character === '"' && options.keepsQuotes !== true) return readDoubleQuoted()
    if (character === '$' && options.variables) return expandVariable(scanner, options.variables)
    at++
    if (character !== options.escape) return character
    if (options.keepsEscapes === true) return `${character}${text.charAt(at++)}`
    // An escape at the very end stands for itself.
    return at < text.length ? text.charAt(at++) : character
  }
  function readSingleQuoted(): string {
    const end = text.indexOf("'", at + 1)
    if (end < 0) throw openQuote('single')
    const value = text.slice(at + 1, end)
    at = end + 1
    return value
  }
  function readDoubleQuoted(): string {
    let value = ''
    for (at++; text.charAt(at) !== '"';) {
      if (at >= text.length) throw openQuote('double')
      value += readInsideDoubleQuotes()
    }
    at++
    return value
  }
  function readInsideDoubleQuotes(): string {
    const character = text.charAt(at)
    if (character === '$' && options.variables) return expandVariable(scanner, options.variables)
    at++
    const following = text.charAt(at)
    if (character !== options.escape || !['"', '$', options.escape].includes(following)) {
      return character
    }
    at++
    return following
  }
  return scanner
}

function openQuote(kind: 'single' | 'double'): EngineError {
  return new EngineError(
    'invalid_argument',
    `unexpected end of statement while looking for matching ${kind}-quote`,
  )
}
