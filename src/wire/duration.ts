/** Durations in the texts of Go and of Docker's go-units. */

/** `About a minute`, `3 hours`: how long something lasted, in words. */
export function formatDuration(millis: number): string {
  const seconds = Math.trunc(millis / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.trunc(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.trunc(millis / 3_600_000 + 0.5)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`
  return `${Math.trunc(millis / 3_600_000 / 24 / 365)} years`
}

const durationUnits: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/**
 * Go's time.ParseDuration: `1h30m`, `1.5s`, `300ms`; nanoseconds.
 * @throws Error with Go's text
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0
  const sign = text.startsWith('-') ? -1 : 1
  const rest = text.replace(/^[+-]/, '')
  if (/^[\d.]+$/.test(rest)) throw new Error(`time: missing unit in duration "${text}"`)
  const parts = [...rest.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)]
  const isWhole = rest !== '' && parts.map(([part]) => part).join('') === rest
  const nanos = parts.map(([, amount, unit]) => Number(amount) * (durationUnits[unit ?? ''] ?? 0))
  const sum = Math.round(nanos.reduce((total, part) => total + part, 0))
  if (!isWhole || !Number.isFinite(sum)) throw new Error(`time: invalid duration "${text}"`)
  return sign * sum
}
