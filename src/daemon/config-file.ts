import { readFileSync } from 'node:fs'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import type { FlagTexts } from '#daemon/flags.ts'
import type { Setting } from '#daemon/setting.ts'

export type FileValues = Readonly<Record<string, unknown>>

/**
 * Reads a configuration file; without one, and without `isRequired`, there are no values.
 * @throws EngineError invalid_argument when it cannot be read, is no JSON object, holds unknown keys, or
 *   repeats a flag
 */
export function readConfigFile(
  path: string,
  options: {
    readonly isRequired: boolean
    readonly settings: readonly Setting<unknown>[]
    readonly flags: FlagTexts
  },
): FileValues {
  const text = readText(path, options.isRequired)
  if (text === undefined || text.trim() === '') return {}
  const values = parseObject(path, text)
  checkKeys(path, values, options.settings)
  checkConflicts(path, values, options)
  return values
}

function readText(path: string, isRequired: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !isRequired) return undefined
    throw refusal(path, errorMessage(error), error)
  }
}

function parseObject(path: string, text: string): FileValues {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refusal(path, errorMessage(error), error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal(path, 'the file does not hold a JSON object')
  }
  return Object.fromEntries(Object.entries(value))
}

function checkKeys(path: string, values: FileValues, settings: readonly Setting<unknown>[]): void {
  const known = new Set(settings.map(({ key }) => key))
  const unknown = Object.keys(values).filter((key) => !known.has(key))
  if (unknown.length > 0) {
    throw refusal(
      path,
      `the following directives don't match any configuration option: ${unknown.join(', ')}`,
    )
  }
}

function checkConflicts(
  path: string,
  values: FileValues,
  { settings, flags }: { settings: readonly Setting<unknown>[]; flags: FlagTexts },
): void {
  const conflicts = settings.flatMap(({ key, flag }) => {
    const texts = flags.get(flag)
    if (!texts || !Object.hasOwn(values, key)) return []
    return [`${key}: (from flag: ${texts.join(', ')}, from file: ${formatValue(values[key])})`]
  })
  if (conflicts.length > 0) {
    throw refusal(
      path,
      'the following directives are specified both as a flag and in the configuration file: ' +
        conflicts.join(', '),
    )
  }
}

function formatValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function refusal(path: string, detail: string, cause?: unknown): EngineError {
  return new EngineError(
    'invalid_argument',
    `unable to configure the Docker daemon with file ${path}: ${detail}`,
    cause === undefined ? {} : { cause },
  )
}
