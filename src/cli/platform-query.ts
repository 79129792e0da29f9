import { EngineError, errorMessage } from '#base/errors.ts'
import { parsePlatform } from '#oci/platform.ts'

/** A `--platform` value as pushes and saves take it: JSON; undefined for none. */
export function platformQuery(text: string): string | undefined {
  if (text === '') return undefined
  try {
    return JSON.stringify(parsePlatform(text))
  } catch (error) {
    const message = `invalid platform: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}
