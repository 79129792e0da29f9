import { EngineError } from '#base/errors.ts'
import { parseDuration } from '#wire/duration.ts'

const dateTime =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * `--since` and `--until`: RFC 3339 with parts left out (local time without a zone), Unix
 * seconds, or a Go duration back from `nowMs`. Gives `seconds.nanoseconds`; undefined for no text.
 * @throws EngineError invalid_argument
 */
export function parseTimestamp(text: string, nowMs: number): string | undefined {
  if (text === '') return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return text
  const match = dateTime.exec(text)
  if (match) return fromDate(match)
  try {
    return fromMillis(nowMs - parseDuration(text) / 1e6)
  } catch (error) {
    const message = `failed to parse value as time or duration: "${text}"`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}

function fromDate(match: RegExpExecArray): string {
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] =
    match
  const millis = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`)
  if (Number.isNaN(millis)) {
    throw new EngineError('invalid_argument', `failed to parse value as time: "${match[0]}"`)
  }
  return `${Math.trunc(millis / 1000)}.${fraction.slice(1).padEnd(9, '0')}`
}

function fromMillis(millis: number): string {
  const micros = BigInt(Math.round(millis * 1000))
  return `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}000`
}
