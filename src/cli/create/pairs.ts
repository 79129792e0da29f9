import { readFileSync } from 'node:fs'
import { EngineError, errorMessage } from '#base/errors.ts'
import type { Variables } from '#cli/config/settings.ts'

/** `-e KEY=value`; `-e KEY` takes the value of the environment, and stays bare without one. */
export function resolveVariable(text: string, variables: Variables): string {
  const value = text.includes('=') ? undefined : variables[text]
  return value === undefined ? text : `${text}=${value}`
}

/** @throws Error for a text without a name */
export function checkVariable(text: string): string {
  if (text === '' || text.startsWith('=')) throw new Error(`invalid environment variable: ${text}`)
  return text
}

/**
 * Lines `KEY=value` of an env file; `KEY` alone takes the environment's value or vanishes.
 * @throws EngineError invalid_argument
 */
export function readEnvFile(path: string, variables: Variables): string[] {
  return readLines(path).flatMap((line) => {
    checkName(line, path, 'variable')
    const value = line.includes('=') ? undefined : variables[line]
    if (line.includes('=')) return [line]
    return value === undefined ? [] : [`${line}=${value}`]
  })
}

/** Lines `key=value` or `key` of a label file. @throws EngineError invalid_argument */
export function readLabelFile(path: string): string[] {
  return readLines(path).map((line) => checkName(line, path, 'variable'))
}

function readLines(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const reason = /no such file/.test(errorMessage(error))
      ? 'no such file or directory'
      : undefined
    throw new EngineError('invalid_argument', `open ${path}: ${reason ?? errorMessage(error)}`, {
      cause: error,
    })
  }
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function checkName(line: string, path: string, what: string): string {
  const [name = ''] = line.split('=', 1)
  if (/\s/.test(name)) {
    const message = `invalid env file (${path}): ${what} '${name}' contains whitespaces`
    throw new EngineError('invalid_argument', message)
  }
  if (name === '') {
    const message = `invalid env file (${path}): no ${what} name on line '${line}'`
    throw new EngineError('invalid_argument', message)
  }
  return line
}

/** `key=value` texts as an object, sorted; `key` alone has an empty value. Undefined when there is none. */
export function toRecord(pairs: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (pairs.length === 0) return undefined
  const entries = pairs.map((pair): readonly [string, string] => {
    const equals = pair.indexOf('=')
    return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
  })
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** The list, or undefined when it is empty: the field is then not sent. */
export function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
}
