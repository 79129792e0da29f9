import { writeSync } from 'node:fs'
import { errnoOf, errorMessage } from '#base/errors.ts'
import type { LogFields, Logger } from '#base/log.ts'
import type { LogLevel } from '#daemon/config.ts'

const ranks: Readonly<Record<LogLevel, number>> = {
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
}

export interface DaemonLogger extends Logger {
  setLevel(level: LogLevel): void
}

export interface LogSink {
  /** Text for people (one line, time of day) instead of JSON. */
  readonly isHuman: boolean
  write(line: string): void
}

/** Lines to stderr: JSON for a collector, plain text for a terminal. */
export function stderrSink(): LogSink {
  return { isHuman: process.stderr.isTTY, write: writeToStderr }
}

/** The level is shared with every child, so that a reload reaches them all. */
export function createLogger(sink: LogSink, level: LogLevel): DaemonLogger {
  const threshold = { rank: ranks[level] }
  const format = sink.isHuman ? formatHuman : formatJson
  function make(bound: LogFields): Logger {
    const at = (name: LogLevel) => (fields: LogFields, message: string) => {
      if (ranks[name] < threshold.rank) return
      sink.write(format(name, { ...bound, ...fields }, message))
    }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => make({ ...bound, ...fields }),
    }
  }
  return {
    ...make({}),
    setLevel(name) {
      threshold.rank = ranks[name]
    },
  }
}

function formatJson(level: LogLevel, fields: LogFields, message: string): string {
  const line = { time: new Date().toISOString(), level, msg: message, ...fields }
  return `${JSON.stringify(line, toLoggable)}\n`
}

function formatHuman(level: LogLevel, fields: LogFields, message: string): string {
  const time = new Date().toTimeString().slice(0, 8)
  const pairs = Object.entries(fields).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value, toLoggable)
    return ` ${key}=${text}`
  })
  return `${time} ${level.toUpperCase().padEnd(5)} ${message}${pairs.join('')}\n`
}

function toLoggable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Error) {
    return { message: errorMessage(value), stack: value.stack, cause: value.cause }
  }
  return value
}

/** Synchronous, so that the last line before an exit is not lost; a full or closed pipe drops lines. */
function writeToStderr(line: string): void {
  try {
    writeSync(2, line)
  } catch (error) {
    if (errnoOf(error) !== 'EAGAIN' && errnoOf(error) !== 'EPIPE') throw error
  }
}
