import { type Instant, instantFromMillis, instantFromNanos } from '#base/clock.ts'
import { parseTimeLimit } from '#api/times.ts'

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * The `until` filter of prune: a time, or a Go duration before now (`24h`, `1h30m`).
 * @throws EngineError invalid_argument
 */
export function parseUntil(text: string, at: Instant): Instant {
  if (/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)
    const ms = [...parts].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ''] ?? 0),
      0,
    )
    return instantFromNanos(at - instantFromMillis(ms))
  }
  return parseTimeLimit(text) ?? instantFromNanos(0n)
}
