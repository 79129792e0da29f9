import { EngineError } from '#base/errors.ts'

/** Filter key → accepted values. Values of one key are alternatives, keys must all match. */
export type Filters = Readonly<Record<string, readonly string[]>>

/**
 * Reads the `filters` query value in both encodings that clients send:
 * `{"label":{"a=b":true}}` and `{"label":["a=b"]}`.
 * @throws EngineError invalid_argument for other JSON and for keys outside `accepted`
 */
export function parseFilters(value: string | null, accepted: readonly string[]): Filters {
  if (value === null || value === '') return {}
  const filters: Record<string, readonly string[]> = {}
  for (const [key, values] of Object.entries(parseObject(value))) {
    if (!accepted.includes(key)) {
      throw new EngineError('invalid_argument', `invalid filter '${key}'`)
    }
    filters[key] = parseValues(values, value)
  }
  return filters
}

/** The form that Go's client sends: `{"label":{"a=b":true}}`. */
export function formatFilters(filters: Filters): string {
  const entries = Object.entries(filters).map(([key, values]) => [
    key,
    Object.fromEntries(values.map((value) => [value, true])),
  ])
  return JSON.stringify(Object.fromEntries(entries))
}

function parseObject(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new EngineError('invalid_argument', `invalid filter: ${text}`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EngineError('invalid_argument', `invalid filter: ${text}`)
  }
  return value
}

function parseValues(values: unknown, text: string): readonly string[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) {
    return Object.entries(values).flatMap(([key, isSet]) => (isSet === true ? [key] : []))
  }
  throw new EngineError('invalid_argument', `invalid filter: ${text}`)
}
