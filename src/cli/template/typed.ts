/**
 * JSON as Go's client sees it after decoding: absent fields have their type's zero
 * value, and objects of known shape are structs. Templates rely on it:
 * `{{if .State.Health}}` asks for a field that most containers do not have.
 *
 * What is added is not enumerable, so that `json` still writes the object as it came.
 */
import type { JsonSchema } from '#wire/schema.ts'

const structFields: unique symbol = Symbol('fields of a struct, in printing order')

/** A nil pointer: false, printed as `<nil>`, without fields. */
export const nilPointer: object = Object.freeze(asNull({}))

/** Fields of a struct in the order that Go prints them; undefined for every other value. */
export function fieldsOf(value: object): readonly string[] | undefined {
  const names: unknown = Reflect.get(value, structFields)
  return Array.isArray(names) ? names : undefined
}

/** Gives `value`, and all below it, the types that `schema` tells. */
export function withTypes(value: unknown, schema: JsonSchema): unknown {
  const known = schemaFor(value, schema)
  if (value === null || value === undefined) return zeroOf(schema)
  if (Array.isArray(value)) {
    const { items } = known
    return items ? value.map((item: unknown) => withTypes(item, items)) : value
  }
  if (typeof value !== 'object') return value
  const { properties = {}, additionalProperties } = known
  const typed = Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const inner = properties[key] ?? additionalProperties
      return [key, inner ? withTypes(item, inner) : item]
    }),
  )
  return known.properties ? asStruct(typed, properties) : typed
}

function asStruct(value: object, properties: Readonly<Record<string, JsonSchema>>): object {
  for (const [name, schema] of Object.entries(properties)) {
    if (!Object.hasOwn(value, name)) hide(value, name, zeroOf(schema))
  }
  return hide(value, structFields, Object.keys(properties))
}

/** The branch of `anyOf` that a value takes: null beside a type, or a list beside a text. */
function schemaFor(value: unknown, schema: JsonSchema): JsonSchema {
  const branch = schema.anyOf?.find(({ type, anyOf }) => {
    if (anyOf) return true
    return Array.isArray(value) ? type === 'array' : type !== 'array' && type !== 'null'
  })
  return branch ? schemaFor(value, branch) : schema
}

function zeroOf(schema: JsonSchema): unknown {
  const [branch] = schema.anyOf ?? []
  if (branch) {
    const zero = zeroOf(branch)
    return typeof zero === 'object' ? zero : nilPointer
  }
  switch (schema.type) {
    case 'string':
      return ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'array':
      return asNull([])
    case 'object':
      return schema.properties ? nilPointer : asNull({})
    default:
      return null
  }
}

/** Empty for templates, `null` in JSON: Go's nil slices and maps. */
function asNull(value: object): object {
  return hide(value, 'toJSON', () => null)
}

function hide(target: object, key: PropertyKey, value: unknown): object {
  return Object.defineProperty(target, key, { value, enumerable: false })
}
