/**
 * The one error class and its closed set of kinds. Each protocol maps kinds to
 * its own codes by one total table (`api/status.ts` for HTTP).
 */
export const errorKinds = [
  'not_found',
  'invalid_argument',
  'conflict',
  'already_exists',
  'not_modified',
  'unauthenticated',
  'permission_denied',
  'failed_precondition',
  'not_implemented',
  'unavailable',
  'cancelled',
  'deadline_exceeded',
  'data_loss',
  'resource_exhausted',
  'internal',
] as const

export type ErrorKind = (typeof errorKinds)[number]

export interface EngineErrorOptions {
  /** What the reader can do about it; shown after the message. */
  readonly hint?: string
  /** The symbolic errno (`ENOENT`) when the kernel refused. */
  readonly errno?: string
  readonly cause?: unknown
}

/**
 * Message rules: the action, then the quoted value, then the detail behind a
 * colon; no capital, no full stop. Texts that Docker's clients match stay Docker's own.
 */
export class EngineError extends Error {
  readonly kind: ErrorKind
  readonly hint?: string
  readonly errno?: string

  constructor(kind: ErrorKind, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EngineError'
    this.kind = kind
    if (options.hint !== undefined) this.hint = options.hint
    if (options.errno !== undefined) this.errno = options.errno
  }
}

/**
 * The EngineError inside `error`, looking through `SuppressedError` (whose
 * `.suppressed` is the body's own failure), `AggregateError` and `cause`.
 */
export function findEngineError(error: unknown): EngineError | undefined {
  if (error instanceof EngineError) return error
  if (error instanceof SuppressedError) {
    return findEngineError(error.suppressed) ?? findEngineError(error.error)
  }
  if (error instanceof AggregateError) {
    for (const inner of error.errors) {
      const found = findEngineError(inner)
      if (found) return found
    }
  }
  return error instanceof Error && error.cause !== undefined
    ? findEngineError(error.cause)
    : undefined
}

/** The kind of any thrown value; `internal` for what is not ours. */
export function errorKind(error: unknown): ErrorKind {
  return findEngineError(error)?.kind ?? (isAbortError(error) ? 'cancelled' : 'internal')
}

/** The text to show for any thrown value. */
export function errorMessage(error: unknown): string {
  const found = findEngineError(error)
  if (found) return found.message
  return error instanceof Error ? error.message : String(error)
}

/** The errno name of a kernel or Node system error (`ENOENT`), wherever it is in the chain. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof EngineError && error.errno !== undefined) return error.errno
  if (error instanceof SuppressedError) return errnoOf(error.suppressed)
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code)) {
    return error.code
  }
  return errnoOf(error.cause)
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
