import { templateError } from '#cli/template/errors.ts'

/** A word inside `{{ }}`; `at` is its offset in the whole text. */
export interface Token {
  readonly type: 'field' | 'variable' | 'name' | 'number' | 'string' | 'char' | 'symbol'
  readonly text: string
  readonly at: number
  /** Written without a space before it: `.A` in `$x.A` or `(f).A` continues what precedes. */
  readonly isGlued: boolean
}

export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly tokens: readonly Token[]; readonly at: number }

/** Splits a template into literal text and actions; `{{-` and `-}}` trim the text beside them. */
export function splitTemplate(source: string): Piece[] {
  const pieces: Piece[] = []
  let position = 0
  let trimsNext = false
  while (position < source.length) {
    const open = source.indexOf('{{', position)
    const end = open === -1 ? source.length : open
    const trimsBefore = open !== -1 && opensTrimming(source, open)
    let text = source.slice(position, end)
    if (trimsNext) text = text.trimStart()
    if (trimsBefore) text = text.trimEnd()
    if (text !== '') pieces.push({ type: 'text', text })
    if (open === -1) break
    const action = readAction(source, open + (trimsBefore ? 3 : 2))
    if (action.tokens.length > 0) pieces.push({ type: 'action', tokens: action.tokens, at: open })
    else if (!action.isComment) throw templateError(source, open, 'missing value for command')
    position = action.end
    trimsNext = action.trimsAfter
  }
  return pieces
}

function opensTrimming(source: string, open: number): boolean {
  return source[open + 2] === '-' && /\s/.test(source[open + 3] ?? '')
}

interface Action {
  readonly tokens: Token[]
  readonly end: number
  readonly trimsAfter: boolean
  readonly isComment: boolean
}

const comment = /\s*\/\*[\s\S]*?\*\/(\s-)?\}\}/y
const closing = /(\s-)?\}\}/y
const token =
  /(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<variable>\$[\p{L}\p{N}_]*)|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<number>[+-]?(?:0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?))|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\]|\\.)+')|(?<symbol>:=|[=|(),.])/uy

function readAction(source: string, start: number): Action {
  comment.lastIndex = start
  const found = comment.exec(source)
  if (found) {
    const end = comment.lastIndex
    return { tokens: [], end, trimsAfter: found[1] !== undefined, isComment: true }
  }
  const tokens: Token[] = []
  for (let position = start; ;) {
    closing.lastIndex = position
    const close = closing.exec(source)
    if (close) {
      const end = closing.lastIndex
      return { tokens, end, trimsAfter: close[1] !== undefined, isComment: false }
    }
    const spaces = /^\s*/.exec(source.slice(position))?.[0].length ?? 0
    if (spaces > 0) {
      position += spaces
      continue
    }
    const word = readToken(source, position)
    tokens.push({ ...word, isGlued: position > start && !/\s/.test(source[position - 1] ?? ' ') })
    position += word.text.length
  }
}

function readToken(source: string, position: number): Omit<Token, 'isGlued'> {
  if (position >= source.length) throw templateError(source, position, 'unclosed action')
  token.lastIndex = position
  const groups = token.exec(source)?.groups
  for (const type of ['field', 'variable', 'name', 'number', 'string', 'char', 'symbol'] as const) {
    const text = groups?.[type]
    if (text !== undefined) return { type, text, at: position }
  }
  const letter = source[position] ?? ''
  const message = /["`']/.test(letter)
    ? 'unterminated quoted string'
    : `unexpected ${JSON.stringify(letter)} in operand`
  throw templateError(source, position, message)
}
