/**
 * Failure texts of OCI runtimes, put into the words that Docker's clients match:
 * they derive exit code 127 from "executable file not found" and "no such file
 * or directory", 126 from "permission denied" and "is a directory".
 */
import { EngineError, type ErrorKind } from '#base/errors.ts'

/** crun's words → Docker's. The program's name is `$1` where the runtime says it. */
const translations: readonly (readonly [RegExp, (program: string, detail: string) => string])[] = [
  [
    /executable file `([^`]*)` not found in \$PATH/i,
    (program, found) =>
      found.includes('/')
        ? `exec: ${quote(found)}: stat ${found}: no such file or directory`
        : `exec: ${quote(found || program)}: executable file not found in $PATH`,
  ],
  [
    /open executable: (?:permission denied|operation not permitted)/i,
    (program) => `exec: ${quote(program)}: permission denied`,
  ],
  [/open executable: is a directory/i, (program) => `exec: ${quote(program)}: is a directory`],
  [
    /(?:open executable|exec|execve[^:]*|find executable): (?:no such file or directory)/i,
    (program) => `exec: ${quote(program)}: no such file or directory`,
  ],
  [/exec\b.*: exec format error/i, (program) => `exec ${program}: exec format error`],
  [
    /chdir `([^`]*)`: (.*)/i,
    (_program, directory) =>
      `mkdir ${directory}: current working directory of the container does not exist: no such file or directory`,
  ],
  [
    /set ?rlimit|setting rlimit|setrlimit `?RLIMIT_(\w+)/i,
    () => 'error setting rlimits for ready process: operation not permitted',
  ],
]

/** Refusal of `create` or `start`. `args` is what the container was to run. */
export function createFailure(message: string, args: readonly string[]): EngineError {
  const cause = `unable to start container process: ${translate(message, args)}`
  return new EngineError(
    kindOf(cause),
    `failed to create task for container: failed to create shim task: OCI runtime create failed: ${cause}: unknown`,
  )
}

/** Refusal of `exec`. */
export function execFailure(message: string, args: readonly string[]): EngineError {
  const cause = `unable to start container process: ${translate(message, args)}`
  return new EngineError(kindOf(cause), `OCI runtime exec failed: exec failed: ${cause}: unknown`)
}

function translate(message: string, args: readonly string[]): string {
  const text = strip(message)
  for (const [pattern, say] of translations) {
    const match = pattern.exec(text)
    if (match) return say(args[0] ?? '', match[1] ?? '')
  }
  return text
}

/** Timestamps, program names and JSON of log lines, and all but the last line's meaning, go. */
function strip(message: string): string {
  const lines = message
    .split('\n')
    .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\S+:? /, '').replace(/^(?:crun|runc): /, ''))
    .map((line) => /^time="[^"]*" level=\w+ msg="(.*)"$/.exec(line)?.[1] ?? line)
    .map((line) => line.replaceAll('\\"', '"').trim())
    .filter((line) => line !== '')
  const last = lines.at(-1) ?? 'the runtime gave no reason'
  return last.replace(
    /^(?:(?:exec failed|\w+ create failed|unable to start container process): )+/,
    '',
  )
}

/** What the caller asked for cannot run: its mistake, not the engine's. */
function kindOf(text: string): ErrorKind {
  const isCallers =
    /executable file not found|no such file or directory|permission denied|is a directory|exec format|rlimit/i
  return isCallers.test(text) ? 'invalid_argument' : 'internal'
}

function quote(text: string): string {
  return JSON.stringify(text)
}
