import { templateError } from '#cli/template/errors.ts'
import { literalOf } from '#cli/template/literals.ts'
import type {
  Call,
  Node,
  Operand,
  ParsedTemplate,
  Pipeline,
  Place,
  Start,
} from '#cli/template/nodes.ts'
import { splitTemplate } from '#cli/template/tokens.ts'
import type { Piece, Token } from '#cli/template/tokens.ts'

/**
 * Parses Go's text/template: pipelines, fields, variables, `if`, `with`, `range` with
 * `break` and `continue`, `define`, `template` and `block`.
 * @throws EngineError invalid_argument with Go's text
 */
export function parseTemplate(source: string, functions: ReadonlySet<string>): ParsedTemplate {
  const pieces = splitTemplate(source)
  const state: State = {
    source,
    functions,
    pieces,
    position: 0,
    loops: 0,
    definitions: new Map(),
  }
  const nodes = parseList(state)
  const piece = pieces[state.position]
  if (piece?.type === 'action') {
    throw templateError(source, piece.at, `unexpected {{${piece.tokens[0]?.text}}}`)
  }
  return { nodes, definitions: state.definitions }
}

interface State {
  readonly source: string
  /** Names that may be called. */
  readonly functions: ReadonlySet<string>
  readonly pieces: readonly Piece[]
  position: number
  /** How many `range` enclose the position. */
  loops: number
  readonly definitions: Map<string, readonly Node[]>
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
    nodes.push(...parseAction(state, keyword, piece))
  }
  return nodes
}

function parseAction(
  state: State,
  keyword: string,
  { tokens, at }: Extract<Piece, { type: 'action' }>,
): readonly Node[] {
  switch (keyword) {
    case 'if':
    case 'with':
    case 'range':
      return [parseBlock(state, keyword, tokens.slice(1))]
    case 'define':
      parseDefinition(state, nameIn(state, tokens, keyword))
      return []
    case 'template':
    case 'block': {
      const name = nameIn(state, tokens, keyword)
      if (keyword === 'block') parseDefinition(state, name)
      const rest = tokens.slice(2)
      const pipeline = rest.length === 0 ? undefined : parsePipeline(state, rest)
      const place = { at, expression: `{{template "${name}"}}` }
      return [{ type: 'template', name, pipeline, place }]
    }
    case 'break':
    case 'continue':
      if (state.loops === 0) {
        throw templateError(state.source, at, `{{${keyword}}} outside {{range}}`)
      }
      return [{ type: keyword }]
    default:
      return [{ type: 'action', pipeline: parsePipeline(state, tokens) }]
  }
}

/** The quoted name behind `define`, `template` or `block`. */
function nameIn(state: State, [first, second]: readonly Token[], keyword: string): string {
  const name = second ? literalOf(second) : undefined
  if (typeof name === 'string') return name
  const what = second ? `unexpected "${second.text}"` : 'unexpected missing name'
  throw templateError(state.source, first?.at ?? 0, `${what} in ${keyword} clause`)
}

function parseDefinition(state: State, name: string): void {
  const outer = state.loops
  state.loops = 0
  const nodes = parseList(state)
  state.loops = outer
  const [closing] = takeClosing(state)
  if (closing?.text !== 'end') {
    throw templateError(state.source, closing?.at ?? 0, 'unexpected {{else}} in define clause')
  }
  state.definitions.set(name, nodes)
}

function parseBlock(state: State, type: 'if' | 'with' | 'range', tokens: readonly Token[]): Node {
  const pipeline = parsePipeline(state, tokens)
  if (type === 'range') state.loops++
  const body = parseList(state)
  if (type === 'range') state.loops--
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

function parsePipeline(
  { source, functions }: Pick<State, 'source' | 'functions'>,
  tokens: readonly Token[],
): Pipeline {
  const reader: Reader = { source, functions, tokens, position: 0 }
  const pipeline = readPipeline(reader)
  const extra = tokens[reader.position]
  if (extra) throw templateError(source, extra.at, `unexpected "${extra.text}" in operand`)
  return pipeline
}

interface Reader {
  readonly source: string
  readonly functions: ReadonlySet<string>
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

function readCommand(reader: Reader): Call {
  const first = reader.tokens[reader.position]
  const operands: Operand[] = []
  for (;;) {
    const token = reader.tokens[reader.position]
    if (!token || token.text === '|' || token.text === ')') break
    operands.push(readOperand(reader, token))
  }
  if (!first || operands.length === 0) {
    throw templateError(
      reader.source,
      first?.at ?? reader.source.length,
      'missing value for command',
    )
  }
  return { operands, ...placeFrom(reader, first) }
}

/** From `first` to the last token that was read. */
function placeFrom(reader: Reader, first: Token): Place {
  const last = reader.tokens[reader.position - 1] ?? first
  const end = last.at + last.text.length
  return { at: first.at, expression: reader.source.slice(first.at, end) }
}

function readOperand(reader: Reader, token: Token): Operand {
  const position = reader.position + 1
  reader.position = position
  if (token.type === 'field') {
    const fields = [token.text.slice(1), ...readFields(reader)]
    return { type: 'path', start: { type: 'dot' }, fields, ...pathPlace(reader, token, position) }
  }
  const start = readStart(reader, token)
  if (start) {
    const behind = reader.position
    const fields = readFields(reader)
    return { type: 'path', start, fields, ...pathPlace(reader, token, behind) }
  }
  const literal = literalOf(token)
  const place = placeFrom(reader, token)
  if (literal !== undefined) return { type: 'literal', value: literal, ...place }
  if (token.type === 'name') {
    if (!reader.functions.has(token.text)) {
      throw templateError(reader.source, token.at, `function "${token.text}" not defined`)
    }
    return { type: 'function', name: token.text, ...place }
  }
  throw templateError(reader.source, token.at, `unexpected "${token.text}" in operand`)
}

/** Go tells the place of a chain of fields by its second link. */
function pathPlace(reader: Reader, first: Token, second: number): Place {
  const { at, expression } = placeFrom(reader, first)
  const link = second < reader.position ? reader.tokens[second] : undefined
  return { at: link?.at ?? at, expression }
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
