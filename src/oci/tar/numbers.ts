import { EngineError } from '#base/errors.ts'

/** Why an archive cannot be read: its bytes are wrong or missing. */
export function damagedArchive(detail: string): EngineError {
  return new EngineError('data_loss', `read tar archive: ${detail}`)
}

/**
 * A numeric header field: octal text, or GNU's base-256 (high bit set, big-endian
 * two's complement). @throws EngineError data_loss unless it is a safe integer
 */
export function decodeNumber(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0
  if ((first & 0x80) !== 0) return decodeBase256(block.subarray(offset, offset + length))
  let value = 0
  let hasDigit = false
  for (let at = offset; at < offset + length; at++) {
    const byte = block[at] ?? 0
    if (byte >= 0x30 && byte <= 0x37) {
      value = value * 8 + (byte - 0x30)
      hasDigit = true
    } else if (byte === 0x20 && !hasDigit) {
      continue
    } else if (byte === 0x20 || byte === 0) {
      break
    } else {
      throw damagedArchive('a number in a header is not octal')
    }
  }
  return value
}

function decodeBase256(field: Buffer): number {
  const isNegative = (field[0] ?? 0) === 0xff
  let value = isNegative ? -1n : BigInt((field[0] ?? 0) & 0x7f)
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte)
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw damagedArchive('a number in a header is out of range')
  return number
}

/** A decimal number of a pax record. @throws EngineError data_loss */
export function decodeDecimal(text: string, what: string): number {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw damagedArchive(`${what} "${text}" is not a number`)
  return value
}

/** Writes octal with a trailing NUL; false when it does not fit. */
export function encodeOctal(
  block: Buffer,
  value: number,
  field: readonly [number, number],
): boolean {
  const [offset, length] = field
  const digits = value < 0 ? '' : value.toString(8)
  if (digits === '' || digits.length > length - 1) return false
  block.write(digits.padStart(length - 1, '0'), offset, 'latin1')
  return true
}
