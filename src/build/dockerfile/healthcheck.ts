import { parseCommand } from '#build/dockerfile/arguments.ts'
import { readFlags } from '#build/dockerfile/flags.ts'
import type { InstructionText } from '#build/dockerfile/instruction-text.ts'
import { parseGoDuration } from '#build/dockerfile/duration.ts'
import { instructionError } from '#build/dockerfile/source.ts'
import type { HealthcheckInstruction } from '#build/dockerfile/types.ts'

const allowed = {
  interval: 'string',
  timeout: 'string',
  'start-period': 'string',
  'start-interval': 'string',
  retries: 'string',
} as const

/** @throws EngineError invalid_argument */
export function parseHealthcheck(text: InstructionText): HealthcheckInstruction {
  const match = /^(\S+)\s*(.*)$/s.exec(text.rest)
  if (!match) throw instructionError('HEALTHCHECK requires at least one argument')
  const type = (match[1] ?? '').toUpperCase()
  const rest = match[2] ?? ''
  if (type === 'NONE') {
    if (rest !== '') throw instructionError('HEALTHCHECK NONE takes no arguments')
    return { kind: 'healthcheck', test: 'none' }
  }
  if (type !== 'CMD')
    throw instructionError(`Unknown type "${match[1]}" in HEALTHCHECK (try CMD)`, {
      word: match[1] ?? '',
    })
  if (rest === '') throw instructionError('Missing command after HEALTHCHECK CMD')
  const flags = readFlags(text.flags, allowed)
  return {
    kind: 'healthcheck',
    test: parseCommand(rest),
    interval: duration('interval', flags.string('interval')),
    timeout: duration('timeout', flags.string('timeout')),
    startPeriod: duration('start-period', flags.string('start-period')),
    startInterval: duration('start-interval', flags.string('start-interval')),
    retries: retries(flags.string('retries')),
  }
}

function duration(name: string, text: string | undefined): number {
  if (text === undefined) return 0
  const nanoseconds = parseGoDuration(text)
  if (nanoseconds !== 0 && nanoseconds < 1_000_000) {
    throw instructionError(`Interval "${name}" cannot be less than 1ms`)
  }
  return nanoseconds
}

function retries(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^[+-]?\d+$/.test(text)) {
    throw instructionError(`strconv.ParseInt: parsing "${text}": invalid syntax`, { word: text })
  }
  if (Number(text) < 0)
    throw instructionError(`--retries cannot be negative (${text})`, { word: text })
  return Number(text)
}
