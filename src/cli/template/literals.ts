import type { Token } from '#cli/template/tokens.ts'

const constants = new Map([
  ['true', true],
  ['false', false],
  ['nil', null],
])

/** The value of a constant; undefined when the token is not one. */
export function literalOf(token: Token): string | number | boolean | null | undefined {
  switch (token.type) {
    case 'number':
      return Number(token.text.replaceAll('_', ''))
    case 'string':
      return token.text.startsWith('`') ? token.text.slice(1, -1) : unquote(token.text)
    case 'char':
      return unquote(token.text).codePointAt(0)
    case 'name':
      return constants.get(token.text)
    case 'field':
    case 'variable':
    case 'symbol':
      return undefined
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
}

/** Go's escapes in a quoted string. */
export function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gs, unescape)
}

/** `body` is what follows the backslash. */
function unescape(_match: string, body: string): string {
  if (/^[xuU]./.test(body)) return String.fromCodePoint(Number.parseInt(body.slice(1), 16))
  if (/^[0-7]{3}$/.test(body)) return String.fromCodePoint(Number.parseInt(body, 8))
  return escapes[body] ?? body
}

const letterOf = new Map(Object.entries(escapes).map(([letter, text]) => [text, letter]))
const unprintable = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/** Go's strconv.Quote. */
export function quoteGo(text: string): string {
  return `"${text.replace(unprintable, escapeLetter)}"`
}

function escapeLetter(letter: string): string {
  if (letter === '"' || letter === '\\') return `\\${letter}`
  const named = letterOf.get(letter)
  if (named !== undefined) return `\\${named}`
  const code = letter.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`
}
