import { errorMessage } from '#base/errors.ts'
import { executionError, templateError } from '#cli/template/errors.ts'
import { isTrue } from '#cli/template/functions.ts'
import type { TemplateFunction } from '#cli/template/functions.ts'
import type { Call, Node, Operand, ParsedTemplate, Pipeline, Place } from '#cli/template/nodes.ts'
import { compareText, printValue } from '#cli/template/print.ts'
import { fieldsOf, nilPointer } from '#cli/template/typed.ts'

export interface Program {
  readonly source: string
  readonly functions: Readonly<Record<string, TemplateFunction>>
}

/** Variables of one block; `=` reaches outwards through `parent`. */
interface Scope {
  readonly variables: Map<string, unknown>
  readonly parent: Scope | undefined
}

interface Frame {
  readonly program: Program & Pick<ParsedTemplate, 'definitions'>
  readonly dot: unknown
  readonly scope: Scope
  /** The text so far. */
  readonly written: string[]
  /** Calls of `{{template}}` around this one. */
  readonly depth: number
}

/** How a list of nodes ended: at its end, or early inside a `range`. */
type Flow = 'end' | 'break' | 'continue'

/** How deep templates may call each other: far from the end of the stack. */
const maxDepth = 1000

/** Writes a parsed template for `value`, which is `.` and `$`. */
export function evaluateNodes(parsed: ParsedTemplate, program: Program, value: unknown): string {
  const { nodes, definitions } = parsed
  const written: string[] = []
  const whole = { ...program, definitions }
  writeNodes(nodes, { program: whole, dot: value, scope: rootScope(value), written, depth: 0 })
  return written.join('')
}

function rootScope(value: unknown): Scope {
  return { variables: new Map([['$', value]]), parent: undefined }
}

function writeNodes(nodes: readonly Node[], frame: Frame): Flow {
  for (const node of nodes) {
    const flow = writeNode(node, frame)
    if (flow !== 'end') return flow
  }
  return 'end'
}

function writeNode(node: Node, frame: Frame): Flow {
  switch (node.type) {
    case 'text':
      frame.written.push(node.text)
      return 'end'
    case 'action': {
      const value = evaluatePipeline(node.pipeline, frame)
      if (node.pipeline.variables.length === 0) frame.written.push(printValue(value))
      return 'end'
    }
    case 'if':
    case 'with': {
      const inner = innerFrame(frame, frame.dot)
      const value = evaluatePipeline(node.pipeline, inner)
      if (!isTrue(value)) return writeNodes(node.otherwise, inner)
      return writeNodes(node.body, node.type === 'with' ? innerFrame(inner, value) : inner)
    }
    case 'range':
      return writeRange(node, frame)
    case 'template':
      writeTemplate(node, frame)
      return 'end'
    case 'break':
    case 'continue':
      return node.type
  }
}

function writeTemplate(node: Extract<Node, { type: 'template' }>, frame: Frame): void {
  const { name, pipeline, place } = node
  const nodes = frame.program.definitions.get(name)
  if (!nodes) {
    throw executionError(frame.program.source, place, `template "${name}" not defined`)
  }
  if (frame.depth >= maxDepth) {
    const message = `exceeded maximum template depth (${maxDepth})`
    throw executionError(frame.program.source, place, message)
  }
  const dot = pipeline ? evaluatePipeline(pipeline, innerFrame(frame, frame.dot)) : null
  writeNodes(nodes, { ...frame, dot, scope: rootScope(dot), depth: frame.depth + 1 })
}

function writeRange(node: Extract<Node, { body: unknown }>, frame: Frame): Flow {
  const [first, second] = node.pipeline.variables
  const outer = innerFrame(frame, frame.dot)
  const pipeline = { ...node.pipeline, variables: [] }
  const entries = entriesOf(evaluatePipeline(pipeline, outer), node, frame)
  if (entries.length === 0) return writeNodes(node.otherwise, outer)
  for (const [key, item] of entries) {
    const inner = innerFrame(outer, item)
    if (second !== undefined) inner.scope.variables.set(first ?? '', key).set(second, item)
    else if (first !== undefined) inner.scope.variables.set(first, item)
    if (writeNodes(node.body, inner) === 'break') break
  }
  return 'end'
}

/** Items with their index or key; maps in the order of their keys. */
function entriesOf(
  value: unknown,
  node: Extract<Node, { body: unknown }>,
  frame: Frame,
): readonly (readonly [unknown, unknown])[] {
  if (value === null || value === undefined) return []
  if (typeof value === 'number') return Array.from({ length: value }, (_, index) => [index, index])
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item])
  if (typeof value === 'object') {
    return Object.entries(value).toSorted(([a], [b]) => compareText(a, b))
  }
  const place = node.pipeline.commands[0] ?? { at: 0, expression: '' }
  throw executionError(frame.program.source, place, `range can't iterate over ${printValue(value)}`)
}

function evaluatePipeline(pipeline: Pipeline, frame: Frame): unknown {
  let value: unknown
  for (const [index, command] of pipeline.commands.entries()) {
    value = evaluateCommand(command, frame, index === 0 ? [] : [value])
  }
  const [name] = pipeline.variables
  if (name !== undefined) {
    if (pipeline.assigns) assign(frame, name, value)
    else frame.scope.variables.set(name, value)
  }
  return value
}

/** `piped` is the value of the command before, the last argument of this one. */
function evaluateCommand(call: Call, frame: Frame, piped: readonly unknown[]): unknown {
  const [first, ...rest] = call.operands
  if (!first) return undefined
  const args = [
    ...rest.map((operand) => () => evaluateOperand(operand, frame)),
    ...piped.map((value) => () => value),
  ]
  if (first.type === 'function') return callFunction(first.name, { args, call, frame })
  const value = first.type === 'literal' ? first.value : evaluatePath(first, frame)
  if (typeof value !== 'function' && args.length === 0) return value
  const values = args.map((arg) => arg())
  return guarded(frame, first, () => {
    if (typeof value === 'function') return callMethod(value, first, values)
    throw new Error(`can't give argument to non-function ${first.expression}`)
  })
}

function evaluateOperand(operand: Operand, frame: Frame): unknown {
  const { at, expression } = operand
  return evaluateCommand({ operands: [operand], at, expression }, frame, [])
}

function callMethod(method: object, place: Place, values: readonly unknown[]): unknown {
  const wanted: unknown = Reflect.get(method, 'length')
  if (typeof method !== 'function' || wanted !== values.length) {
    const name = place.expression.slice(place.expression.lastIndexOf('.') + 1)
    const counts = `want ${String(wanted)} got ${values.length}`
    throw new Error(`wrong number of args for ${name}: ${counts}`)
  }
  return Reflect.apply(method, undefined, values)
}

interface FunctionCall {
  readonly args: readonly (() => unknown)[]
  readonly call: Place
  readonly frame: Frame
}

/** `and` and `or` stop at the first argument that decides; the others take all their values. */
function callFunction(name: string, { args, call, frame }: FunctionCall): unknown {
  if (name === 'and' || name === 'or') {
    let value: unknown
    for (const arg of args) {
      value = arg()
      if (isTrue(value) === (name === 'or')) return value
    }
    return value
  }
  const known = frame.program.functions[name]
  if (!known) throw templateError(frame.program.source, call.at, `function "${name}" not defined`)
  const values = args.map((arg) => arg())
  return guarded(frame, call, () => {
    try {
      return known(...values)
    } catch (error) {
      throw new Error(`error calling ${name}: ${errorMessage(error)}`, { cause: error })
    }
  })
}

function evaluatePath(operand: Extract<Operand, { type: 'path' }>, frame: Frame): unknown {
  const start = startOf(operand, frame)
  return guarded(frame, operand, () => {
    let value = start
    let isAbsent = false
    let before = ''
    for (const field of operand.fields) {
      if (isAbsent) throw new Error(`map has no entry for key "${before}"`)
      const outer = value
      value = fieldOf(outer, field)
      isAbsent = value === nilPointer && !Object.prototype.propertyIsEnumerable.call(outer, field)
      before = field
    }
    return value
  })
}

function startOf(operand: Extract<Operand, { type: 'path' }>, frame: Frame): unknown {
  const { start } = operand
  switch (start.type) {
    case 'dot':
      return frame.dot
    case 'pipeline':
      return evaluatePipeline(start.pipeline, innerFrame(frame, frame.dot))
    case 'variable': {
      const scope = scopeOf(frame.scope, start.name)
      if (!scope) {
        throw templateError(frame.program.source, operand.at, `undefined variable "${start.name}"`)
      }
      return scope.variables.get(start.name)
    }
  }
}

function fieldOf(value: unknown, field: string): unknown {
  if (value === null || value === undefined || value === nilPointer) {
    throw new Error(`nil pointer evaluating interface {}.${field}`)
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Error(`can't evaluate field ${field} in type interface {}`)
  }
  if (Object.hasOwn(value, field)) return Reflect.get(value, field)
  // JSON's names differ from Go's in their case alone: `ApiVersion` is the field APIVersion.
  const same = fieldsOf(value)?.find((name) => name.toLowerCase() === field.toLowerCase())
  if (same === undefined) throw new Error(`map has no entry for key "${field}"`)
  return Reflect.get(value, same)
}

function guarded(frame: Frame, place: Place, call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    throw executionError(frame.program.source, place, errorMessage(error))
  }
}

function innerFrame(frame: Frame, dot: unknown): Frame {
  return { ...frame, dot, scope: { variables: new Map(), parent: frame.scope } }
}

function scopeOf(scope: Scope | undefined, name: string): Scope | undefined {
  if (!scope) return undefined
  return scope.variables.has(name) ? scope : scopeOf(scope.parent, name)
}

function assign({ program, scope }: Frame, name: string, value: unknown): void {
  const owner = scopeOf(scope, name)
  if (!owner) throw templateError(program.source, 0, `undefined variable "${name}"`)
  owner.variables.set(name, value)
}
