import { EngineError, errorMessage, findEngineError } from '#base/errors.ts'
import type { VertexInfo } from '#build/types.ts'
import { missingPath } from '#api/build/missing-file.ts'
import type { ProgressLine } from '#wire/images.ts'

const failedProcess = /process ("[^]*") did not complete successfully: exit code: (\d+)/

/** A failure in the words that the classic builder's clients look for; `failed` is the step. */
export function toClassicError(error: unknown, failed?: VertexInfo): EngineError {
  const found = findEngineError(error)
  // Without the hint: an excerpt of the source is no part of Docker's texts.
  return new EngineError(found?.kind ?? 'internal', classicText(errorMessage(error), failed), {
    cause: error,
  })
}

function classicText(message: string, failed: VertexInfo | undefined): string {
  const process = failedProcess.exec(message)
  if (process) {
    const command: unknown = JSON.parse(process[1] ?? '""')
    return `The command '${String(command)}' returned a non-zero code: ${process[2] ?? ''}`
  }
  const path = missingPath(message)
  if (path === undefined) return message
  const keyword = /\bADD\s/i.test(failed?.name ?? '') ? 'ADD' : 'COPY'
  const place = /--from=/.test(failed?.name ?? '')
    ? ''
    : 'file not found in build context or excluded by .dockerignore: '
  return `${keyword} failed: ${place}stat ${path}: file does not exist`
}

/** The line that ends a failed build. */
export function toClassicFailureLine(error: unknown): ProgressLine {
  const { message } = toClassicError(error)
  const code = /returned a non-zero code: (\d+)$/.exec(message)?.[1]
  const detail = code === undefined ? { message } : { code: Number(code), message }
  return { errorDetail: detail, error: message }
}
