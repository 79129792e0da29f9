import { EngineError, errorMessage, findEngineError } from '#base/errors.ts'
import type { ProgressLine } from '#wire/images.ts'

const failedProcess = /process "([^]*?)" did not complete successfully: exit code: (\d+)/

/** A failure in the words that the classic builder's clients look for. */
export function toClassicError(error: unknown): EngineError {
  const found = findEngineError(error)
  const message = errorMessage(error)
  const process = failedProcess.exec(message)
  const text = process
    ? `The command '${process[1] ?? ''}' returned a non-zero code: ${process[2] ?? ''}`
    : message
  // Without the hint: an excerpt of the source is no part of Docker's texts.
  return new EngineError(found?.kind ?? 'internal', text, { cause: error })
}

/** The line that ends a failed build. */
export function toClassicFailureLine(error: unknown): ProgressLine {
  const { message } = toClassicError(error)
  const code = /returned a non-zero code: (\d+)$/.exec(message)?.[1]
  const detail = code === undefined ? { message } : { code: Number(code), message }
  return { errorDetail: detail, error: message }
}
