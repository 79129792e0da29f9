import { type Instant, instantFromNanos, parseInstant } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'

/**
 * A `since` or `until` value: Unix seconds with up to nine digits of fraction, or
 * RFC 3339. Absent, empty and 0 mean no limit.
 * @throws EngineError invalid_argument
 */
export function parseTimeLimit(text: string | undefined): Instant | undefined {
  if (text === undefined || text === '' || text === '0') return undefined
  if (text.includes('T')) return parseInstant(text)
  const match = /^(-?\d+)(?:\.(\d{1,9})\d*)?$/.exec(text)
  if (!match) {
    throw new EngineError(
      'invalid_argument',
      `failed to parse value as time or duration: "${text}"`,
    )
  }
  const nanos = BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
  return instantFromNanos(nanos)
}
