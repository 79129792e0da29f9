import { EngineError } from '#base/errors.ts'
import type { Answer } from '#api/answer.ts'
import type { Call } from '#api/call.ts'

/** An operation of Docker's API that this engine does not have. @throws EngineError not_implemented */
export function notSupported(call: Call): Answer {
  const { method = '', url = '' } = call.request
  throw new EngineError('not_implemented', `${method} ${url} is not supported by this engine`)
}
