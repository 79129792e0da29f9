import { templateError } from '#cli/template/errors.ts'
import { literalOf } from '#cli/template/literals.ts'
import type { Node, Operand, Pipeline, Start } from '#cli/template/nodes.ts'
import { splitTemplate } from '#cli/template/tokens.ts'
import type { Piece, Token } from '#cli/template/tokens.ts'

/**
 * Parses the part of Go's text/template that output formats use: pipelines, fields,
 * variables, `if`, `with`, `range`, `else` and `else if`.
 * @throws EngineError invalid_argument with Go's text
 */
export function parseTemplate(source: string): readonly Node[] {
  const pieces = splitTemplate(source)
  const state: State = { source, pieces, position: 0 }
  const nodes = parseList(state)
  const piece = pieces[state.position]
  if (piece?.type === 'action') {
    throw templateError(source, piece.at, `unexpected {{${piece.tokens[0]?.text}}}`)
  }
  return nodes
}

interface State {
  readonly source: string
  readonly pieces: readonly Piece[]
  position: number
}

/** Nodes up to an `else`, an `end` or the end of the text; the closing action is left in place. */
function parseList(state: State): Node[] {
  const nodes: Node[] = []
  for (; state.position < state.pieces.length;) {
    const piece = state.pieces[state.position]
    if (!piece) break
    if (piece.type === 'text') {
      nodes.push({ type: 'text', text: piece.text })
      state.position++
      continue
    }
    const keyword = piece.tokens[0]?.type === 'name' ? piece.tokens[0].text : ''
    if (keyword === 'else' || keyword === 'end') break
    state.position++
    if (keyword === 'if' || keyword === 'with' || keyword === 'range') {
      nodes.push(parseBlock(state, keyword, piece.tokens.slice(1)))
    } else if (['define', 'template', 'block', 'break', 'continue'].includes(keyword)) {
      throw templateError(state.source, piece.at, `{{${keyword}}} is not supported`)
    } else {
      nodes.push({ type: 'action', pipeline: parsePipeline(state.source, piece.tokens) })
    }
  }
  return nodes
}

function parseBlock(state: State, type: 'if' | 'with' | 'range', tokens: readonly Token[]): Node {
  const pipeline = parsePipeline(state.source, tokens)
  const body = parseList(state)
  const closing = takeClosing(state)
  if (closing[0]?.text === 'end') return { type, pipeline, body, otherwise: [] }
  const next = closing[1]
  if (next?.text === 'if' || next?.text === 'with') {
    return { type, pipeline, body, otherwise: [parseBlock(state, next.text, closing.slice(2))] }
  }
  if (next) throw templateError(state.source, next.at, `unexpected "${next.text}" in else`)
  const otherwise = parseList(state)
  const end = takeClosing(state)
  if (end[0]?.text !== 'end') {
    throw templateError(state.source, end[0]?.at ?? 0, 'expected end; found {{else}}')
  }
  return { type, pipeline, body, otherwise }
}

function takeClosing(state: State): readonly Token[] {
  const piece = state.pieces[state.position]
  if (piece?.type !== 'action')
    throw templateError(state.source, state.source.length, 'unexpected EOF')
  state.position++
  return piece.tokens
}

function parsePipeline(source: string, tokens: readonly Token[]): Pipeline {
  const reader: Reader = { source, tokens, position: 0 }
  const pipeline = readPipeline(reader)
  const extra = tokens[reader.position]
  if (extra) throw templateError(source, extra.at, `unexpected "${extra.text}" in operand`)
  return pipeline
}

interface Reader {
  readonly source: string
  readonly tokens: readonly Token[]
  position: number
}

function readPipeline(reader: Reader): Pipeline {
  const { variables, assigns } = readDeclaration(reader)
  const commands = [readCommand(reader)]
  while (reader.tokens[reader.position]?.text === '|') {
    reader.position++
    commands.push(readCommand(reader))
  }
  return { variables, assigns, commands }
}

/** `$x :=`, `$i, $x :=` or `$x =` before a pipeline. */
function readDeclaration(reader: Reader): { variables: string[]; assigns: boolean } {
  const [first, second, third, fourth] = reader.tokens.slice(reader.position)
  if (first?.type === 'variable' && (second?.text === ':=' || second?.text === '=')) {
    reader.position += 2
    return { variables: [first.text], assigns: second.text === '=' }
  }
  const isPair = first?.type === 'variable' && second?.text === ',' && third?.type === 'variable'
  if (isPair && fourth?.text === ':=') {
    reader.position += 4
    return { variables: [first.text, third.text], assigns: false }
  }
  return { variables: [], assigns: false }
}

function readCommand(reader: Reader): readonly Operand[] {
  const operands: Operand[] = []
  for (;;) {
    const token = reader.tokens[reader.position]
    if (!token || token.text === '|' || token.text === ')') break
    operands.push(readOperand(reader, token))
  }
  if (operands.length === 0) {
    const at = reader.tokens[reader.position]?.at ?? reader.source.length
    throw templateError(reader.source, at, 'missing value for command')
  }
  return operands
}

function readOperand(reader: Reader, token: Token): Operand {
  const first = reader.position
  const place = () => {
    const last = reader.tokens[reader.position - 1] ?? token
    return { at: token.at, expression: reader.source.slice(token.at, last.at + last.text.length) }
  }
  reader.position = first + 1
  if (token.type === 'field') {
    const fields = [token.text.slice(1), ...readFields(reader)]
    return { type: 'path', start: { type: 'dot' }, fields, ...place() }
  }
  const start = readStart(reader, token)
  if (start) return { type: 'path', start, fields: readFields(reader), ...place() }
  const literal = literalOf(token)
  if (literal !== undefined) return { type: 'literal', value: literal, ...place() }
  if (token.type === 'name') return { type: 'function', name: token.text, ...place() }
  throw templateError(reader.source, token.at, `unexpected "${token.text}" in operand`)
}

function readStart(reader: Reader, token: Token): Start | undefined {
  if (token.text === '.') return { type: 'dot' }
  if (token.type === 'variable') return { type: 'variable', name: token.text }
  if (token.text !== '(') return undefined
  const pipeline = readPipeline(reader)
  if (reader.tokens[reader.position]?.text !== ')') {
    throw templateError(reader.source, token.at, 'unclosed left paren')
  }
  reader.position++
  return { type: 'pipeline', pipeline }
}

function readFields(reader: Reader): string[] {
  const fields: string[] = []
  for (;;) {
    const token = reader.tokens[reader.position]
    if (token?.type !== 'field' || !token.isGlued) return fields
    fields.push(token.text.slice(1))
    reader.position++
  }
}
