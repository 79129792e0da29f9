import { EngineError } from '#base/errors.ts'

/** A template that cannot be read, in the words of Go's text/template. */
export function templateError(source: string, at: number, message: string): EngineError {
  const line = source.slice(0, at).split('\n').length
  return new EngineError('invalid_argument', `template: :${line}: ${message}`)
}

/** A failure while the template runs; `expression` is the failing part as written. */
export function executionError(
  source: string,
  place: { readonly at: number; readonly expression: string },
  message: string,
): EngineError {
  const before = source.slice(0, place.at).split('\n')
  const column = (before.at(-1) ?? '').length
  return new EngineError(
    'invalid_argument',
    `template: :${before.length}:${column}: executing "" at <${place.expression}>: ${message}`,
  )
}
