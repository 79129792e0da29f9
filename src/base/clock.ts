import { type Brand, branded } from '#base/brand.ts'
import { EngineError } from '#base/errors.ts'

/** A moment in nanoseconds since the Unix epoch, UTC. */
export type Instant = Brand<bigint, 'Instant'>

/** What Docker prints for "never": Go's zero time. */
export const zeroTime = '0001-01-01T00:00:00Z'

/** The wall clock now, with microseconds where the platform gives them. */
export function now(): Instant {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000)
  // performance.now() is monotonic and drifts from a stepped wall clock; follow Date past 5 ms.
  const wall = Date.now() * 1000
  const chosen = Math.abs(micros - wall) > 5000 ? wall : micros
  return branded<Instant>(BigInt(chosen) * 1000n)
}

export function instantFromNanos(nanos: bigint): Instant {
  return branded<Instant>(nanos)
}

export function instantFromMillis(millis: number): Instant {
  return branded<Instant>(BigInt(Math.trunc(millis)) * 1_000_000n)
}

export function millisOf(instant: Instant): number {
  return Number(instant / 1_000_000n)
}

export function secondsOf(instant: Instant): number {
  return Number(instant / 1_000_000_000n)
}

/** Go's time.RFC3339Nano: trailing zeros of the fraction dropped. */
export function formatInstant(instant: Instant): string {
  const fraction = nineDigits(instant).replace(/0+$/, '')
  return `${wholeSeconds(instant)}${fraction === '' ? '' : `.${fraction}`}Z`
}

/** The fixed nine-digit form of log timestamps: `2006-01-02T15:04:05.000000000Z`. */
export function formatInstantFixed(instant: Instant): string {
  return `${wholeSeconds(instant)}.${nineDigits(instant)}Z`
}

/**
 * Reads RFC 3339 with up to nine digits of fraction and any offset.
 * @throws EngineError invalid_argument
 */
export function parseInstant(text: string): Instant {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text)
  const millis = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN
  if (!match || Number.isNaN(millis)) {
    throw new EngineError('invalid_argument', `parse time "${text}": not an RFC 3339 time`)
  }
  const fraction = BigInt((match[2] ?? '').padEnd(9, '0'))
  return branded<Instant>(BigInt(millis) * 1_000_000n + fraction)
}

function wholeSeconds(instant: Instant): string {
  const seconds = floorDiv(instant, 1_000_000_000n)
  return new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
}

function nineDigits(instant: Instant): string {
  const rest = instant - floorDiv(instant, 1_000_000_000n) * 1_000_000_000n
  return rest.toString().padStart(9, '0')
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}
