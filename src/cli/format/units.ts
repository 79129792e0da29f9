/** Sizes and durations in the texts of Docker's go-units. */

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB']

/** `12.3MB`: powers of 1000, `digits` significant ones (4 unless told; lists use 3). */
export function formatSize(bytes: number, digits = 4): string {
  return scaled(bytes, { base: 1000, units: decimalUnits, digits })
}

/** `1.914GiB`: powers of 1024. */
export function formatBinarySize(bytes: number): string {
  return scaled(bytes, { base: 1024, units: binaryUnits, digits: 4 })
}

function scaled(
  bytes: number,
  scale: { readonly base: number; readonly units: readonly string[]; readonly digits: number },
): string {
  let value = bytes
  let unit = 0
  while (value >= scale.base && unit < scale.units.length - 1) {
    value /= scale.base
    unit++
  }
  return `${Number(value.toPrecision(scale.digits))}${scale.units[unit]}`
}

const binarySuffixes = 'bkmgtp'

/**
 * Reads `512`, `512m`, `1.5g`, `64kb`, `1GiB` in powers of 1024.
 * @throws Error with go-units' text
 */
export function parseBinarySize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?(?:i?b)?$/i.exec(text.trim())
  if (!match) throw new Error(`invalid size: '${text}'`)
  const power = binarySuffixes.indexOf((match[2] ?? 'b').toLowerCase())
  return Math.trunc(Number(match[1]) * 1024 ** power)
}

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
  const parts = [...rest.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)]
  if (rest === '' || parts.map(([part]) => part).join('') !== rest) {
    throw new Error(
      /^[\d.]+$/.test(rest)
        ? `time: missing unit in duration "${text}"`
        : `time: invalid duration "${text}"`,
    )
  }
  const nanos = parts.map(([, amount, unit]) => Number(amount) * (durationUnits[unit ?? ''] ?? 0))
  return sign * Math.round(nanos.reduce((sum, part) => sum + part, 0))
}

/** Unix seconds as Go's time.String in the local zone: `2026-01-02 15:04:05 +0000 UTC`. */
export function formatCreated(seconds: number): string {
  const date = new Date(seconds * 1000)
  const offset = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + offset * 60_000).toISOString()
  const sign = offset < 0 ? '-' : '+'
  const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0')
  const minutes = String(Math.abs(offset) % 60).padStart(2, '0')
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${sign}${hours}${minutes} ${zoneName(date)}`
}

function zoneName(date: Date): string {
  return /\(([A-Z]{2,5})\)/.exec(date.toString())?.[1] ?? 'UTC'
}
