/** Text to tree. Start here: `parseDockerfile('Dockerfile', text)`. */
import { EngineError } from '#base/errors.ts'
import { type Directives, readDirectives } from '#build/dockerfile/directives.ts'
import { nearestKeyword } from '#build/dockerfile/suggest.ts'
import { splitInstruction } from '#build/dockerfile/instruction-text.ts'
import { parsers } from '#build/dockerfile/instructions.ts'
import { type LogicalLine, readLogicalLines } from '#build/dockerfile/lines.ts'
import { parseError, type SourceFile, sourceFile } from '#build/dockerfile/source.ts'
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
  if (lines.length === 0) {
    throw new EngineError('invalid_argument', 'dockerfile parse error: file with no instructions')
  }
  const instructions = lines.map((line) => parseLine(file, directives, line))
  return { file, directives, instructions, ...groupStages(file, instructions) }
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
    if (error instanceof EngineError) throw parseError(file, line.range, error.message)
    throw error
  }
}

function sourceOf(line: LogicalLine) {
  const { range, comments, emptyContinuations } = line
  return {
    range,
    comments,
    emptyContinuations,
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
  const nearest = nearestKeyword(keyword, [...Object.keys(parsers), 'ONBUILD'])
  const suggestion = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
  throw new EngineError('invalid_argument', `unknown instruction: ${text.keyword}${suggestion}`)
}

function parseOnbuild(line: LogicalLine, expression: string, escape: '\\' | '`'): Instruction {
  if (expression === '') {
    throw new EngineError('invalid_argument', 'ONBUILD requires at least one argument')
  }
  const keyword = (/^\S+/.exec(expression)?.[0] ?? '').toUpperCase()
  if (keyword === 'ONBUILD') {
    throw new EngineError(
      'invalid_argument',
      "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    )
  }
  if (keyword === 'FROM' || keyword === 'MAINTAINER') {
    throw new EngineError('invalid_argument', `${keyword} isn't allowed as an ONBUILD trigger`)
  }
  const inner: LogicalLine = { ...line, text: expression }
  const trigger = { ...parseText(inner, escape), ...sourceOf(inner) }
  const bodies = line.heredocs.map((heredoc) => `\n${heredoc.body}${heredoc.name}`).join('')
  return { kind: 'onbuild', expression: expression + bodies, trigger }
}
