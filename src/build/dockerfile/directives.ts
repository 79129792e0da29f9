import { sourceError, type SourceFile, type SourceRange } from '#build/dockerfile/source.ts'

/** `# syntax=`, `# escape=` and `# check=`: only above everything else, each at most once. */
export interface Directives {
  readonly escape: '\\' | '`'
  readonly syntax?: Directive
  readonly check?: Directive
}

export interface Directive {
  readonly value: string
  readonly range: SourceRange
}

const known = new Set(['syntax', 'escape', 'check'])
const form = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/

/** @throws EngineError invalid_argument on a repeated directive or another escape character */
export function readDirectives(file: SourceFile): Directives {
  const found = new Map<string, Directive>()
  const start = file.lines[0]?.startsWith('#!') ? 1 : 0
  for (let index = start; index < file.lines.length; index++) {
    const match = form.exec(file.lines[index] ?? '')
    const name = match?.[1]?.toLowerCase()
    if (!match || name === undefined || !known.has(name)) break
    const line = index + 1
    const range = { start: { line, column: 1 }, end: { line, column: match[0].length } }
    if (found.has(name))
      throw sourceError(file, { range }, `only one ${name} parser directive can be used`)
    found.set(name, { value: match[2] ?? '', range })
  }
  const syntax = found.get('syntax')
  const check = found.get('check')
  return {
    escape: escapeCharacter(file, found.get('escape')),
    ...(syntax && { syntax }),
    ...(check && { check }),
  }
}

function escapeCharacter(file: SourceFile, directive: Directive | undefined): '\\' | '`' {
  if (!directive) return '\\'
  if (directive.value === '\\' || directive.value === '`') return directive.value
  const message = `invalid escape token '${directive.value}' does not match \` or \\`
  throw sourceError(file, directive, message)
}
