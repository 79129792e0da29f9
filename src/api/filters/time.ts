import { type Instant, instantFromNanos } from '#base/clock.ts'
import { EngineError, errorMessage } from '#base/errors.ts'
import { parseTimeLimit } from '#api/times.ts'
import { parseDuration } from '#wire/duration.ts'

/**
 * The `until` filter of prune: a time, or a Go duration before now (`24h`, `1h30m`).
 * @throws EngineError invalid_argument
 */
export function parseUntil(text: string, at: Instant): Instant {
  if (/^[\d.]+[a-zµ]/.test(text)) return instantFromNanos(at - nanosOf(text))
  return parseTimeLimit(text) ?? instantFromNanos(0n)
}

function nanosOf(text: string): bigint {
  try {
    return BigInt(parseDuration(text))
  } catch (error) {
    throw new EngineError('invalid_argument', errorMessage(error), { cause: error })
  }
}
