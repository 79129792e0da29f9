import { EngineError } from '#base/errors.ts'

const nanosecondsPerUnit: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Go's time.ParseDuration (`1h30m`, `1.5s`, `0`) in nanoseconds. @throws EngineError invalid_argument */
export function parseGoDuration(text: string): number {
  if (text === '0') return 0
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[+-]/, '')
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) {
    throw new EngineError('invalid_argument', `time: invalid duration "${text}"`)
  }
  let total = 0
  for (const [, amount, unit] of body.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * (nanosecondsPerUnit[unit ?? ''] ?? 0)
  }
  return sign * Math.round(total)
}
