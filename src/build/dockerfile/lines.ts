/**
 * Physical lines to logical ones: continuations joined, comments and blank lines
 * dropped, heredoc bodies taken out. Every character of a logical line still
 * knows where it stood.
 */
import type { Directives } from '#build/dockerfile/directives.ts'
import { findHeredocs, type Heredoc, takesHeredocs } from '#build/dockerfile/heredoc.ts'
import {
  sourceError,
  type Position,
  type SourceFile,
  type SourceRange,
} from '#build/dockerfile/source.ts'

export interface LogicalLine {
  /** The joined text, leading and trailing white space dropped. */
  readonly text: string
  readonly range: SourceRange
  /** Where the character at `offset` of `text` stands. */
  position(offset: number): Position
  /** The comment lines right above, without `#`: descriptions for outlines. */
  readonly comments: readonly string[]
  readonly heredocs: readonly Heredoc[]
  /** The last line of a continuation with empty lines inside: lint rule NoEmptyContinuation. */
  readonly emptyContinuationLine: number | undefined
}

interface Segment {
  readonly offset: number
  readonly line: number
  readonly column: number
}

/** @throws EngineError invalid_argument on an unterminated heredoc or an empty file */
export function readLogicalLines(file: SourceFile, directives: Directives): LogicalLine[] {
  const reader = { file, escape: directives.escape, next: 0 }
  const lines: LogicalLine[] = []
  let comments: string[] = []
  while (reader.next < file.lines.length) {
    const text = (file.lines[reader.next] ?? '').trim()
    if (text === '') {
      comments = []
      reader.next++
    } else if (text.startsWith('#')) {
      comments.push(text.slice(1).trim())
      reader.next++
    } else {
      lines.push(readOne(reader, comments))
      comments = []
    }
  }
  return lines
}

interface Reader {
  readonly file: SourceFile
  readonly escape: string
  /** Index of the next physical line. */
  next: number
}

function readOne(reader: Reader, comments: readonly string[]): LogicalLine {
  const first = reader.next + 1
  const joined = joinContinuations(reader)
  const heredocs = takesHeredocs(joined.text) ? findHeredocs(joined.text, reader.escape) : []
  const bodies = heredocs.map((heredoc) => ({ ...heredoc, ...readBody(reader, heredoc, first) }))
  const endLine = reader.next
  const range = {
    start: { line: first, column: joined.segments[0]?.column ?? 1 },
    end: { line: endLine, column: Math.max(1, reader.file.lines[endLine - 1]?.length ?? 1) },
  }
  return {
    text: joined.text,
    range,
    position: (offset) => locate(joined.segments, offset),
    comments,
    heredocs: bodies,
    emptyContinuationLine: joined.hasEmptyLines ? joined.lastLine : undefined,
  }
}

function joinContinuations(reader: Reader) {
  const continuation = reader.escape === '`' ? /`[ \t]*$/ : /\\[ \t]*$/
  const segments: Segment[] = []
  let hasEmptyLines = false
  let text = ''
  for (let isFirst = true; reader.next < reader.file.lines.length; isFirst = false) {
    const raw = reader.file.lines[reader.next++] ?? ''
    const trimmed = raw.trim()
    if (!isFirst && trimmed.startsWith('#')) continue
    if (!isFirst && trimmed === '') {
      hasEmptyLines = true
      continue
    }
    const skipped = isFirst ? raw.length - raw.trimStart().length : 0
    segments.push({ offset: text.length, line: reader.next, column: skipped + 1 })
    const body = raw.slice(skipped)
    text += body.replace(continuation, '')
    if (!continuation.test(body)) break
  }
  return { text: text.trimEnd(), segments, hasEmptyLines, lastLine: reader.next }
}

function locate(segments: readonly Segment[], offset: number): Position {
  const segment = segments.findLast((candidate) => candidate.offset <= offset) ?? segments[0]
  if (!segment) return { line: 1, column: 1 }
  return { line: segment.line, column: segment.column + offset - segment.offset }
}

/** Line ends are part of a body, `\r` included. */
function readBody(reader: Reader, heredoc: Heredoc, firstLine: number) {
  const { lines, hasCarriageReturn } = reader.file
  const withoutTabs = (line: string) => (heredoc.stripsTabs ? line.replace(/^\t+/, '') : line)
  const rows: string[] = []
  while (reader.next < lines.length) {
    const index = reader.next++
    const line = lines[index] ?? ''
    if (withoutTabs(line) === heredoc.name)
      return { body: rows.map(withoutTabs).join(''), written: rows.join('') }
    rows.push(`${line}${hasCarriageReturn(index) ? '\r' : ''}\n`)
  }
  const range = {
    start: { line: firstLine, column: 1 },
    end: { line: reader.file.lines.length, column: 1 },
  }
  throw sourceError(reader.file, { range }, `unterminated heredoc ${heredoc.name}`)
}
