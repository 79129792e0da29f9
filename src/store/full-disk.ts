import { EngineError, errnoOf } from '#base/errors.ts'

/** The error of a write, said in terms of what can be done when the disk or its quota is used up. */
export function explainFullDisk(what: string, error: unknown): unknown {
  const errno = errnoOf(error)
  if (errno !== 'ENOSPC' && errno !== 'EDQUOT') return error
  return new EngineError('resource_exhausted', `write ${what}: no space left on device`, {
    errno,
    hint: 'free some space under the data root, for example with "gantry builder prune"',
    cause: error,
  })
}
