/** A `T` that only its own parser or constructor makes: `Brand<string, 'Digest'>`. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name }
