/** Text to tree. Start here: `parseDockerfile('Dockerfile', text)`. */
import { EngineError } from '#base/errors.ts'
import { type Directives, readDirectives } from '#build/dockerfile/directives.ts'
import { suggestion } from '#build/dockerfile/suggest.ts'
import { splitInstruction } from '#build/dockerfile/instruction-text.ts'
import { parsers } from '#build/dockerfile/instructions.ts'
import { type LogicalLine, readLogicalLines } from '#build/dockerfile/lines.ts'
import {
  blameOf,
  instructionError,
  parseError,
  sourceError,
  type SourceFile,
  sourceFile,
} from '#build/dockerfile/source.ts'
import { groupStages } from '#build/dockerfile/stages.ts'
import type { Dockerfile, Instruction, LocatedInstruction } from '#build/dockerfile/types.ts'

/**
 * @throws EngineError invalid_argument `dockerfile parse error on line N: …`; the hint is the
 * source around it
 */
export function parseDockerfile(name: string, text: string): Dockerfile {
  const file = sourceFile(name, text)
  const directives = readDirectives(file)
  const lines = readLogicalLines(file, directives)
  if (lines.length === 0) throw emptyFile(file)
  const instructions = lines.map((line) => parseLine(file, directives, line))
  return { file, directives, instructions, ...groupStages(file, instructions) }
}

function emptyFile(file: SourceFile): EngineError {
  const at = { line: 1, column: 1 }
  return sourceError(file, { range: { start: at, end: at } }, 'file with no instructions')
}

/** Parses one instruction on its own: an ONBUILD trigger of a base image, a `--change`. */
export function parseInstruction(text: string, escape: '\\' | '`' = '\\'): LocatedInstruction {
  const file = sourceFile('ONBUILD', text)
  const [line] = readLogicalLines(file, { escape })
  if (!line) throw new EngineError('invalid_argument', `parse instruction "${text}": it is empty`)
  return parseLine(file, { escape }, line)
}

function parseLine(
  file: SourceFile,
  directives: Directives,
  line: LogicalLine,
): LocatedInstruction {
  try {
    return { ...parseText(line, directives.escape), ...sourceOf(line) }
  } catch (error) {
    throw error instanceof EngineError ? atLine(file, line, error) : error
  }
}

/** The error with its place: the word that it blames, or the instruction. */
function atLine(file: SourceFile, line: LogicalLine, error: EngineError): EngineError {
  const { word, isBare = false } = blameOf(error)
  const offset = word === undefined ? -1 : line.text.indexOf(word)
  const place = { range: line.range, at: line.position(Math.max(0, offset)) }
  return isBare ? sourceError(file, place, error.message) : parseError(file, place, error.message)
}

function sourceOf(line: LogicalLine) {
  const { range, comments, emptyContinuationLine } = line
  return {
    range,
    comments,
    emptyContinuationLine,
    source: line.text,
    keyword: /^\S+/.exec(line.text)?.[0] ?? '',
  }
}

function parseText(line: LogicalLine, escape: '\\' | '`'): Instruction {
  const text = splitInstruction(line.text, { escape, heredocs: line.heredocs })
  const keyword = text.keyword.toUpperCase()
  if (keyword === 'ONBUILD') return parseOnbuild(line, text.rest, escape)
  const parser = Object.hasOwn(parsers, keyword) ? parsers[keyword] : undefined
  if (parser) return parser(text)
  const similar = suggestion(keyword, [...Object.keys(parsers), 'ONBUILD'])
  const word = text.keyword
  throw instructionError(`unknown instruction: ${word}${similar}`, { word })
}

function parseOnbuild(line: LogicalLine, expression: string, escape: '\\' | '`'): Instruction {
  if (expression === '') {
    throw instructionError('ONBUILD requires at least one argument')
  }
  const keyword = (/^\S+/.exec(expression)?.[0] ?? '').toUpperCase()
  if (keyword === 'ONBUILD') {
    throw instructionError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
  }
  if (keyword === 'FROM' || keyword === 'MAINTAINER') {
    throw instructionError(`${keyword} isn't allowed as an ONBUILD trigger`)
  }
  const inner: LogicalLine = { ...line, text: expression }
  const trigger = { ...parseText(inner, escape), ...sourceOf(inner) }
  const bodies = line.heredocs.map((heredoc) => `\n${heredoc.body}${heredoc.name}`).join('')
  return { kind: 'onbuild', expression: expression + bodies, trigger }
}
