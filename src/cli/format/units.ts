/** Sizes in the texts of Docker's go-units, and points in time in those of Go. */

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

/** Unix seconds as Go's time.String in the local zone: `2026-01-02 15:04:05 +0000 UTC`. */
export function formatCreated(seconds: number): string {
  return goTime(new Date(seconds * 1000), '')
}

/** An RFC 3339 instant as Go's time.String: its fraction of a second stays, without trailing zeros. */
export function formatInstant(text: string): string {
  const fraction = /\.(\d*?)0*(?:Z|[+-]\d\d:\d\d)$/.exec(text)?.[1] ?? ''
  return goTime(new Date(text), fraction === '' ? '' : `.${fraction}`)
}

function goTime(date: Date, fraction: string): string {
  const offset = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + offset * 60_000).toISOString()
  const sign = offset < 0 ? '-' : '+'
  const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0')
  const minutes = String(Math.abs(offset) % 60).padStart(2, '0')
  const time = `${local.slice(0, 10)} ${local.slice(11, 19)}${fraction}`
  return `${time} ${sign}${hours}${minutes} ${zoneName(date)}`
}

function zoneName(date: Date): string {
  return /\(([A-Z]{2,5})\)/.exec(date.toString())?.[1] ?? 'UTC'
}
