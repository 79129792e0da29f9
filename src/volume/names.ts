import { EngineError } from '#base/errors.ts'

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/
const longestName = 255

/** @throws EngineError invalid_argument with Docker's text */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw new EngineError(
      'invalid_argument',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    )
  }
  if (!namePattern.test(name)) {
    throw new EngineError(
      'invalid_argument',
      `create ${name}: "${name}" includes invalid characters for a local volume name, only ` +
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. ' +
        'If you intended to pass a host directory, use absolute path',
    )
  }
  if (name.length > longestName) {
    throw new EngineError('invalid_argument', `create ${name}: volume name is too long`)
  }
}
