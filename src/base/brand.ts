/**
 * A `T` that only its own parser or constructor makes: `Brand<string, 'Digest'>`.
 * Brands stack: a `Brand<Digest, 'DiffId'>` is a `Digest` too.
 */
export type Brand<T, Name extends string> = T & { readonly __brand: { readonly [K in Name]: true } }

/**
 * The one place where a brand is put on. Only for the parser or constructor of
 * the type itself: everyone else receives branded values.
 */
export function branded<B extends Brand<string | bigint, string>>(value: string | bigint): B {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this is what a brand is
  return value as B
}
