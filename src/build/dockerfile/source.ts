/** Positions in a Dockerfile and how errors show them. Lines and columns count from 1. */
import { EngineError } from '#base/errors.ts'

export interface Position {
  readonly line: number
  readonly column: number
}

/** Both ends included. */
export interface SourceRange {
  readonly start: Position
  readonly end: Position
}

export interface SourceFile {
  /** Name that errors show: `Dockerfile`. */
  readonly name: string
  /** Physical lines without their line ends. */
  readonly lines: readonly string[]
}

/** Strips a byte order mark and splits at `\n` or `\r\n`. */
export function sourceFile(name: string, text: string): SourceFile {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  const lines = body.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (lines.at(-1) === '') lines.pop()
  return { name, lines }
}

/** Lines shown around the range that an error is about. */
const contextLines = 4

/**
 * The source around `range`, its lines marked by `>>>`, with a caret under the
 * column when the range begins inside a line.
 */
export function excerpt(file: SourceFile, range: SourceRange): string {
  const last = Math.min(range.end.line, file.lines.length)
  const first = Math.min(range.start.line, last)
  const from = Math.max(1, first - contextLines)
  const to = Math.min(file.lines.length, last + contextLines)
  const width = Math.max(4, String(to).length + 1)
  const rows: string[] = []
  for (let line = from; line <= to; line++) {
    const isMarked = line >= first && line <= last
    const gutter = `${String(line).padStart(width)} | ${isMarked ? '>>> ' : '    '}`
    rows.push(`${gutter}${file.lines[line - 1] ?? ''}`)
    if (line === first && range.start.column > 1) {
      rows.push(`${' '.repeat(width)} | ${' '.repeat(3 + range.start.column)}^`)
    }
  }
  const rule = '-'.repeat(20)
  return [`${file.name}:${range.start.line}`, rule, ...rows, rule].join('\n')
}

/** A parse error as Docker words it; the excerpt rides along as the hint. */
export function parseError(file: SourceFile, range: SourceRange, message: string): EngineError {
  const text = `dockerfile parse error on line ${range.start.line}: ${message}`
  return new EngineError('invalid_argument', text, { hint: excerpt(file, range) })
}
