import { EngineError, type ErrorKind, errorKind, findEngineError } from '#base/errors.ts'

/** Error kind → HTTP status. Total, so that a new kind does not compile without a row. */
export const httpStatus = {
  not_found: 404,
  invalid_argument: 400,
  conflict: 409,
  already_exists: 409,
  not_modified: 304,
  unauthenticated: 401,
  permission_denied: 403,
  failed_precondition: 409,
  not_implemented: 501,
  unavailable: 503,
  cancelled: 499,
  deadline_exceeded: 504,
  data_loss: 500,
  resource_exhausted: 500,
  internal: 500,
} as const satisfies Record<ErrorKind, number>

export interface Failure {
  readonly status: number
  readonly message: string
}

/** What a client gets to see of any thrown value. */
export function toFailure(error: unknown): Failure {
  return { status: httpStatus[errorKind(error)], message: failureMessage(error) }
}

function failureMessage(error: unknown): string {
  const found = findEngineError(error)
  if (found instanceof EngineError) {
    return found.hint === undefined ? found.message : `${found.message} (${found.hint})`
  }
  return error instanceof Error ? error.message : String(error)
}
