import { type Instant, parseInstant } from '#base/clock.ts'
import { errorKind } from '#base/errors.ts'

/** A time that an image states about itself; undefined when it states none that can be read. */
export function findTime(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined
  try {
    return parseInstant(text)
  } catch (error) {
    if (errorKind(error) !== 'invalid_argument') throw error
    return undefined
  }
}
