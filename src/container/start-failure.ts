/** What a failed start means to the user: an exit code and a text. Pure. */
import { errorMessage } from '#base/errors.ts'
import type { StartFailure } from '#container/types.ts'

/**
 * The exit code that Docker gives for a failed start: 127 for a program that is not
 * there, 126 for one that cannot be run, else `otherwise`.
 */
export function failureCode(error: unknown, otherwise: 126 | 128): number {
  const text = errorMessage(error).toLowerCase()
  if (/executable file not found|no such file or directory|not a directory/.test(text)) return 127
  if (/permission denied|is a directory|exec format error/.test(text)) return 126
  return otherwise
}

export function startFailure(error: unknown): StartFailure {
  return { code: failureCode(error, 128), message: errorMessage(error) }
}
