/**
 * Docker's objects as plain JSON Schema values that carry their static type.
 * Only the part of JSON Schema that the Engine API document uses.
 * `wire/decode.ts` reads them at run time; the types cost nothing there.
 */
declare const staticType: unique symbol

export interface JsonSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null'
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema
  readonly items?: JsonSchema
  readonly enum?: readonly string[]
  readonly anyOf?: readonly JsonSchema[]
}

export interface Schema<T> extends JsonSchema {
  readonly [staticType]?: () => T
}

/** The TypeScript type of a schema: `type Volume = Static<typeof Volume>`. */
export type Static<S> = S extends Schema<infer T> ? T : never

type Fields = Readonly<Record<string, JsonSchema>>
type Simplify<T> = { [K in keyof T]: T[K] }

type RequiredOf<R extends Fields> = { readonly [K in keyof R]: Static<R[K]> }
type OptionalOf<O extends Fields> = { readonly [K in keyof O]?: Static<O[K]> | undefined }

export const text: Schema<string> = { type: 'string' }
export const integer: Schema<number> = { type: 'integer' }
export const bool: Schema<boolean> = { type: 'boolean' }
export const anything: Schema<unknown> = {}

/** Go's `map[string]struct{}`: a set of keys. */
export const keySet: Schema<Readonly<Record<string, object>>> = {
  type: 'object',
  additionalProperties: { type: 'object' },
}

export function list<T>(items: Schema<T>): Schema<readonly T[]> {
  return { type: 'array', items }
}

export function record<T>(values: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return { type: 'object', additionalProperties: values }
}

export function nullable<T>(inner: Schema<T>): Schema<T | null> {
  return { anyOf: [inner, { type: 'null' }] }
}

export function either<A, B>(first: Schema<A>, second: Schema<B>): Schema<A | B> {
  return { anyOf: [first, second] }
}

export function literals<const V extends string>(...values: readonly V[]): Schema<V> {
  return { type: 'string', enum: values }
}

/** An object with fields that are always there and fields that may be absent. */
export function object<const R extends Fields>(required: R): Schema<Simplify<RequiredOf<R>>>
export function object<const R extends Fields, const O extends Fields>(
  required: R,
  optional: O,
): Schema<Simplify<RequiredOf<R> & OptionalOf<O>>>
export function object(required: Fields, optional: Fields = {}): JsonSchema {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
  }
}

/** An object all of whose fields may be absent, as in most request bodies. */
export function partial<const O extends Fields>(optional: O): Schema<Simplify<OptionalOf<O>>> {
  return { type: 'object', properties: optional, required: [] }
}

/** The same object with its properties in the order in which Docker's clients print them. */
export function inOrder<S extends JsonSchema>(schema: S, names: readonly string[]): S {
  const { properties = {} } = schema
  const ordered = names.flatMap((name) => {
    const property = properties[name]
    return property ? [[name, property] as const] : []
  })
  return { ...schema, properties: { ...Object.fromEntries(ordered), ...properties } }
}
