/**
 * Small decoders for JSON from outside. Each takes an unknown value and the path to it, and
 * gives a typed value or throws invalid_argument naming the path. Unknown members are dropped
 * by the caller's choice of members, so a decoded value holds only what its type says.
 */
import { EngineError } from '#base/errors.ts'

export type Decoder<T> = (value: unknown, path: string) => T
export type JsonObject = Readonly<Record<string, unknown>>

/** Parses JSON text that must be an object. @throws EngineError invalid_argument */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new EngineError('invalid_argument', `parse ${what}: not JSON`, { cause: error })
  }
  return decodeObject(value, what)
}

export function decodeObject(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw wrong(path, 'an object')
  return value
}

export function decodeText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(path, 'a string')
  return value
}

export function decodeBool(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw wrong(path, 'a boolean')
  return value
}

/** A whole number of zero or more that a double holds exactly. */
export function decodeSize(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw wrong(path, 'a size')
  }
  return value
}

export function decodeInteger(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(path, 'an integer')
  return value
}

export function decodeList<T>(item: Decoder<T>): Decoder<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'a list')
    return value.map((element, index) => item(element, `${path}[${index}]`))
  }
}

export function decodeRecord<T>(item: Decoder<T>): Decoder<Record<string, T>> {
  return (value, path) =>
    Object.fromEntries(
      Object.entries(decodeObject(value, path)).map(([key, element]) => [
        key,
        item(element, `${path}.${key}`),
      ]),
    )
}

/**
 * `{ key: decoded }` when the member is there and not null, `{}` otherwise: Go writes null for
 * an empty list or map. Meant to be spread: `{ ...member(json, 'size', decodeSize) }`.
 */
export function member<const K extends string, T>(
  json: JsonObject,
  key: K,
  decode: Decoder<T>,
): { readonly [P in K]?: T } {
  const value = Object.hasOwn(json, key) ? json[key] : undefined
  if (value === undefined || value === null) return {}
  const result: { [P in K]?: T } = {}
  result[key] = decode(value, key)
  return result
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(path: string, wanted: string): EngineError {
  return new EngineError('invalid_argument', `decode ${path}: not ${wanted}`)
}
