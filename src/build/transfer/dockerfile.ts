/** Files of a context that steer the build, read without leaving it. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'
import { parseIgnoreFile } from '#oci/ignore.ts'
import { openInRoot } from '#sys/files.ts'

export interface ContextDockerfile {
  readonly name: string
  readonly text: string
}

const defaultName = 'Dockerfile'

/**
 * The Dockerfile of a received context; without a name `Dockerfile`, then `dockerfile`.
 * @throws EngineError invalid_argument with Docker's texts
 */
export function readDockerfile(directory: string, name: string | undefined): ContextDockerfile {
  const wanted = posix.normalize(name ?? defaultName)
  if (wanted === '..' || wanted.startsWith('../')) {
    const message = `forbidden path outside the build context: ${name ?? ''} ()`
    throw new EngineError('invalid_argument', message)
  }
  const candidates = name === undefined ? [wanted, wanted.toLowerCase()] : [wanted]
  for (const candidate of candidates) {
    const text = readContextFile(directory, candidate)
    if (text === undefined) continue
    if (text.trim() !== '') return { name: candidate, text }
    const message = `the Dockerfile (${candidate}) cannot be empty`
    throw new EngineError('invalid_argument', message)
  }
  throw new EngineError('invalid_argument', `Cannot locate specified Dockerfile: ${wanted}`)
}

/** Patterns of `<Dockerfile>.dockerignore`, else of `.dockerignore`. */
export function readIgnorePatterns(directory: string, dockerfile: string): readonly string[] {
  const text =
    readContextFile(directory, `${dockerfile}.dockerignore`) ??
    readContextFile(directory, '.dockerignore')
  return text === undefined ? [] : parseIgnoreFile(text)
}

/** Undefined when there is no such file. Links stay inside; devices and FIFOs do not count. */
function readContextFile(directory: string, path: string): string | undefined {
  const { O_RDONLY, O_DIRECTORY, O_NONBLOCK } = constants
  const root = openSync(directory, O_RDONLY | O_DIRECTORY)
  try {
    const file = openInRoot(root, path, { flags: O_RDONLY | O_NONBLOCK })
    try {
      return fstatSync(file).isFile() ? readFileSync(file, 'utf8') : undefined
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  } finally {
    closeSync(root)
  }
}
