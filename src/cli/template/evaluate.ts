import { errorMessage } from '#base/errors.ts'
import { executionError, templateError } from '#cli/template/errors.ts'
import { isTrue } from '#cli/template/functions.ts'
import type { TemplateFunction } from '#cli/template/functions.ts'
import type { Node, Operand, Pipeline, Place } from '#cli/template/nodes.ts'
import { compareText, printValue } from '#cli/template/print.ts'

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
  readonly program: Program
  readonly dot: unknown
  readonly scope: Scope
}

/** Writes a parsed template for `value`, which is `.` and `$`. */
export function evaluateNodes(nodes: readonly Node[], program: Program, value: unknown): string {
  const scope = { variables: new Map([['$', value]]), parent: undefined }
  return writeNodes(nodes, { program, dot: value, scope })
}

function writeNodes(nodes: readonly Node[], frame: Frame): string {
  return nodes.map((node) => writeNode(node, frame)).join('')
}

function writeNode(node: Node, frame: Frame): string {
  switch (node.type) {
    case 'text':
      return node.text
    case 'action': {
      const value = evaluatePipeline(node.pipeline, frame)
      return node.pipeline.variables.length > 0 ? '' : printValue(value)
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
  }
}

function writeRange(node: Extract<Node, { body: unknown }>, frame: Frame): string {
  const [first, second] = node.pipeline.variables
  const outer = innerFrame(frame, frame.dot)
  const pipeline = { ...node.pipeline, variables: [] }
  const entries = entriesOf(evaluatePipeline(pipeline, outer), node, frame)
  if (entries.length === 0) return writeNodes(node.otherwise, outer)
  return entries
    .map(([key, item]) => {
      const inner = innerFrame(outer, item)
      if (second !== undefined) inner.scope.variables.set(first ?? '', key).set(second, item)
      else if (first !== undefined) inner.scope.variables.set(first, item)
      return writeNodes(node.body, inner)
    })
    .join('')
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
  const place = node.pipeline.commands[0]?.[0] ?? { at: 0, expression: '' }
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
function evaluateCommand(
  command: readonly Operand[],
  frame: Frame,
  piped: readonly unknown[],
): unknown {
  const [first, ...rest] = command
  if (!first) return undefined
  const args = [
    ...rest.map((operand) => () => evaluateCommand([operand], frame, [])),
    ...piped.map((value) => () => value),
  ]
  if (first.type === 'function') return callFunction(first, args, frame)
  const value = first.type === 'literal' ? first.value : evaluatePath(first, frame)
  if (typeof value !== 'function' && args.length === 0) return value
  const values = args.map((arg) => arg())
  return guarded(frame, first, () => {
    if (typeof value === 'function') return Reflect.apply(value, undefined, values)
    throw new Error(`can't give argument to non-function ${first.expression}`)
  })
}

/** `and` and `or` stop at the first argument that decides; the others take all their values. */
function callFunction(
  operand: Extract<Operand, { type: 'function' }>,
  args: readonly (() => unknown)[],
  frame: Frame,
): unknown {
  const { name } = operand
  if (name === 'and' || name === 'or') {
    let value: unknown
    for (const arg of args) {
      value = arg()
      if (isTrue(value) === (name === 'or')) return value
    }
    return value
  }
  const known = frame.program.functions[name]
  if (!known || !Object.hasOwn(frame.program.functions, name)) {
    throw templateError(frame.program.source, operand.at, `function "${name}" not defined`)
  }
  const values = args.map((arg) => arg())
  return guarded(frame, operand, () => {
    try {
      return known(...values)
    } catch (error) {
      throw new Error(`error calling ${name}: ${errorMessage(error)}`, { cause: error })
    }
  })
}

function evaluatePath(operand: Extract<Operand, { type: 'path' }>, frame: Frame): unknown {
  const start = startOf(operand, frame)
  return guarded(frame, operand, () => operand.fields.reduce(fieldOf, start))
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
  if (value === null || value === undefined) {
    throw new Error(`nil pointer evaluating interface {}.${field}`)
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Error(`can't evaluate field ${field} in type interface {}`)
  }
  if (!Object.hasOwn(value, field)) throw new Error(`map has no entry for key "${field}"`)
  return Reflect.get(value, field)
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
