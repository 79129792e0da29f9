import { EngineError } from '#base/errors.ts'
import type { JsonSchema, Schema } from '#wire/schema.ts'

/**
 * Reads a request's JSON value as Go's decoder does for Docker: unknown fields
 * are dropped, `null` means absent, a field name matches in any case when none
 * matches exactly. A value of another type is an error that names the field.
 * @throws EngineError invalid_argument
 */
export function decodeRequest<T>(schema: Schema<T>, value: unknown): T
// The type system cannot follow that every branch below builds what `schema` describes.
export function decodeRequest(schema: JsonSchema, value: unknown): unknown {
  return decode(schema, value, '')
}

function decode(schema: JsonSchema, value: unknown, path: string): unknown {
  if (schema.anyOf) return decodeAlternative(schema.anyOf, value, path)
  switch (schema.type) {
    case undefined:
      return value
    case 'object':
      return isObject(value) ? decodeObject(schema, value, path) : mismatch(schema, value, path)
    case 'array':
      if (!Array.isArray(value)) return mismatch(schema, value, path)
      return value.map((item, index) =>
        decode(schema.items ?? {}, item, `${path}[${index.toString()}]`),
      )
    default:
      return matchesScalar(schema, value) ? value : mismatch(schema, value, path)
  }
}

function decodeAlternative(schemas: readonly JsonSchema[], value: unknown, path: string): unknown {
  const fitting = schemas.find((schema) => matchesType(schema, value))
  const first = schemas[0]
  if (fitting) return decode(fitting, value, path)
  return first ? decode(first, value, path) : value
}

function decodeObject(schema: JsonSchema, value: object, path: string): object {
  const result: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    const name = schema.properties ? fieldName(schema.properties, key) : key
    const field = schema.properties?.[name] ?? schema.additionalProperties
    if (!field || (inner === null && schema.properties)) continue
    result[name] = decode(field, inner, path === '' ? name : `${path}.${name}`)
  }
  const missing = schema.required?.find((name) => !(name in result))
  if (missing !== undefined) {
    throw new EngineError('invalid_argument', `invalid JSON: field "${path}.${missing}" is missing`)
  }
  return result
}

function fieldName(properties: Readonly<Record<string, JsonSchema>>, key: string): string {
  if (Object.hasOwn(properties, key)) return key
  const lower = key.toLowerCase()
  return Object.keys(properties).find((name) => name.toLowerCase() === lower) ?? key
}

function matchesType(schema: JsonSchema, value: unknown): boolean {
  switch (schema.type) {
    case undefined:
      return true
    case 'object':
      return isObject(value)
    case 'array':
      return Array.isArray(value)
    default:
      return matchesScalar(schema, value)
  }
}

function matchesScalar(schema: JsonSchema, value: unknown): boolean {
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' && (schema.enum?.includes(value) ?? true)
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'null':
      return value === null
    default:
      return false
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mismatch(schema: JsonSchema, value: unknown, path: string): never {
  const where = path === '' ? 'the body' : `field "${path}"`
  const wanted = schema.enum ? `one of ${schema.enum.join(', ')}` : (schema.type ?? 'anything')
  throw new EngineError(
    'invalid_argument',
    `invalid JSON: ${where}: cannot use ${typeName(value)} as ${wanted}`,
  )
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' ? `number ${value.toString()}` : typeof value
}
