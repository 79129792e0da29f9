/** How progress shows an instruction: as written, with the values of its variables. */
import type { Heredoc } from '#build/dockerfile/heredoc.ts'
import type { LocatedInstruction } from '#build/dockerfile/types.ts'
import { expandWord } from '#build/dockerfile/words.ts'
import type { LowerContext } from '#build/graph/lower/context.ts'
import { stageVariables } from '#build/graph/stage-state.ts'

/** `[build 2/5] RUN make -j4`, and the text that a later build knows the step by. */
export interface ShownInstruction {
  readonly name: string
  readonly text: string
}

/** @param script the heredoc that is the whole of a RUN: its first line is shown */
export function showInstruction(
  context: LowerContext,
  { source, keyword }: LocatedInstruction,
  script?: Heredoc,
): ShownInstruction {
  const text = `${keyword.toUpperCase()}${source.slice(keyword.length)}`
  const summary = script ? ` (${summarize(script.body)})` : ''
  return { name: `${context.label}${showValues(context, text)}${summary}`, text }
}

function summarize(body: string): string {
  const [first = '', ...more] = body.trim().split('\n')
  return more.length > 0 ? `${first}...` : first
}

/** Single quotes and escapes are left alone, and so is a variable that is not set. */
function showValues(context: LowerContext, text: string): string {
  const { escape } = context.dockerfile.directives
  const variables = stageVariables(context.state)
  let shown = ''
  for (let at = 0; at < text.length;) {
    const piece = pieceAt(text, at, escape)
    at += piece.length
    const name = /^\$\{?([A-Za-z_]\w*)/.exec(piece)?.[1]
    const isPlain = name === undefined || (/^\$\{?\w+\}?$/.test(piece) && !variables.find(name))
    shown += isPlain ? piece : expanded(piece, () => expandWord(piece, { escape, variables }))
  }
  return shown
}

/** The variable, the single-quoted text, the escaped character or the character at `at`. */
function pieceAt(text: string, at: number, escape: string): string {
  const character = text.charAt(at)
  if (character === escape) return text.slice(at, at + 2)
  if (character === "'") {
    const end = text.indexOf("'", at + 1)
    return end < 0 ? text.slice(at) : text.slice(at, end + 1)
  }
  if (character !== '$') return character
  if (text.charAt(at + 1) !== '{') return /^\$\w*/.exec(text.slice(at))?.[0] ?? character
  let depth = 0
  for (let end = at + 1; end < text.length; end++) {
    if (text.charAt(end) === '{') depth++
    if (text.charAt(end) === '}' && --depth === 0) return text.slice(at, end + 1)
  }
  return text.slice(at)
}

function expanded(piece: string, expand: () => string): string {
  try {
    return expand()
  } catch {
    // What the shell of the step understands need not be understood here.
    return piece
  }
}
