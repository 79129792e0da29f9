import { errorMessage } from '#base/errors.ts'
import { isRefusal } from '#client/errors.ts'

export const exitCodes = {
  /** A command that failed. */
  failure: 1,
  /** A `--format` that cannot be read. */
  template: 64,
  /** Flags that cannot be read, and failures of `run`, `create` before the program runs. */
  usage: 125,
  notExecutable: 126,
  notFound: 127,
} as const

/** The line that tells of a failure: refusals are marked as the engine's, like Docker's client does. */
export function errorText(error: unknown): string {
  const text = errorMessage(error)
  return isRefusal(error) ? `Error response from daemon: ${text}` : text
}

/** Exit code of `run` and `start` by the engine's message (Docker's rule: substrings). */
export function startFailureCode(message: string): number {
  const has = (text: string) => message.includes(text)
  if (has('executable file not found') || has('no such file or directory')) {
    return exitCodes.notFound
  }
  if (has('permission denied') || has('is a directory')) return exitCodes.notExecutable
  return exitCodes.usage
}

/** What follows the message when `run` and `create` cannot do what was asked. */
export function helpHint(name: string): string {
  return `\n\nRun 'gantry ${name} --help' for more information\n`
}
