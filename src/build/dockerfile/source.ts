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
  /** Physical lines without their line ends; a final line end begins one more, which is empty. */
  readonly lines: readonly string[]
  /** Whether the line at an index ends with `\r\n`. */
  readonly hasCarriageReturn: (index: number) => boolean
}

/** Strips a byte order mark and splits at `\n` or `\r\n`. */
export function sourceFile(name: string, text: string): SourceFile {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  const written = body.split('\n')
  const hasCarriageReturn = (index: number) => written[index]?.endsWith('\r') === true
  const lines = written.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  return { name, lines, hasCarriageReturn }
}

const rule = '-'.repeat(20)

/** Lines shown around an error: two around a single line, one around several. */
function contextLines(first: number, last: number): number {
  return first === last ? 2 : 1
}

/** The source around `range`, its lines marked by `>>>`, with a caret below where `at` is. */
export function excerpt(file: SourceFile, range: SourceRange, at?: Position): string {
  const last = Math.min(range.end.line, file.lines.length)
  const first = Math.min(range.start.line, last)
  const around = contextLines(first, last)
  const from = Math.max(1, first - around)
  const to = Math.min(file.lines.length, last + around)
  const width = Math.max(4, String(to).length + 1)
  const rows: string[] = []
  for (let line = from; line <= to; line++) {
    const isMarked = line >= first && line <= last
    const gutter = `${String(line).padStart(width)} | ${isMarked ? '>>> ' : '    '}`
    rows.push(`${gutter}${file.lines[line - 1] ?? ''}`)
    if (line === at?.line) {
      const before = (file.lines[line - 1] ?? '').slice(0, at.column - 1).replaceAll(/[^\t]/g, ' ')
      rows.push(`${' '.repeat(width)} |     ${before}^`)
    }
  }
  return [`${file.name}:${range.start.line}`, rule, ...rows, rule].join('\n')
}

/** What an error of one instruction adds for whoever shows it. */
export interface Blame {
  /** What of the instruction is wrong: the caret goes below it. */
  readonly word?: string
  /** Docker's words for the error stand alone, without the line's number before them. */
  readonly isBare?: boolean
}

const blames = new WeakMap<EngineError, Blame>()

/** An error of the instruction that is being parsed. */
export function instructionError(message: string, blame: Blame = {}): EngineError {
  const error = new EngineError('invalid_argument', message)
  blames.set(error, blame)
  return error
}

export function blameOf(error: EngineError): Blame {
  return blames.get(error) ?? {}
}

/** An error at a place in the source; the excerpt rides along as the hint. */
export function sourceError(
  file: SourceFile,
  { range, at = range.start }: { readonly range: SourceRange; readonly at?: Position },
  message: string,
): EngineError {
  return new EngineError('invalid_argument', message, { hint: excerpt(file, range, at) })
}

/** A parse error as Docker words it. */
export function parseError(
  file: SourceFile,
  place: { readonly range: SourceRange; readonly at?: Position },
  message: string,
): EngineError {
  const { line } = place.range.start
  return sourceError(file, place, `dockerfile parse error on line ${line}: ${message}`)
}

/** Whether the error shows its place already. */
export function isPlaced({ hint }: EngineError): boolean {
  return hint?.includes(rule) === true
}
