import { encodeName } from '#oci/tar/names.ts'
import { encodeOctal } from '#oci/tar/numbers.ts'
import { encodePaxRecord } from '#oci/tar/pax.ts'
import { blockBytes, type TarEntry, type TarEntryType, type TarTime } from '#oci/tar/types.ts'

const flagsByType: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

/** Two zero blocks end an archive. */
export const tarTrailer: Uint8Array = new Uint8Array(2 * blockBytes)

/** How many zero bytes follow a content of this length. */
export function tarPadding(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes
}

/**
 * The header of a member: ustar where everything fits, with a pax extended
 * header before it for what does not. The same entry always gives the same bytes.
 * The content follows, padded by `tarPadding`. Sparse files are written whole.
 */
export function encodeTarHeader(entry: TarEntry): Buffer {
  const records: Buffer[] = []
  const block = Buffer.alloc(blockBytes)
  const path = encodeName(entry.path)
  const link = encodeName(entry.linkPath ?? '')
  if (!placePath(block, path)) records.push(encodePaxRecord('path', path))
  if (link.copy(block, 157, 0, 100) < link.length) records.push(encodePaxRecord('linkpath', link))
  const numbers = [
    ['uid', entry.uid, [108, 8]],
    ['gid', entry.gid, [116, 8]],
    ['size', entry.sizeBytes, [124, 12]],
  ] as const
  for (const [key, value, field] of numbers) {
    if (encodeOctal(block, value, field)) continue
    encodeOctal(block, 0, field)
    records.push(encodePaxRecord(key, Buffer.from(String(value))))
  }
  const { seconds, nanoseconds } = entry.mtime
  if (!encodeOctal(block, seconds, [136, 12]) || nanoseconds !== 0) {
    encodeOctal(block, Math.max(seconds, 0), [136, 12])
    records.push(encodePaxRecord('mtime', Buffer.from(formatTime(entry.mtime))))
  }
  for (const name of [...(entry.xattrs?.keys() ?? [])].toSorted()) {
    const value = entry.xattrs?.get(name) ?? new Uint8Array(0)
    records.push(encodePaxRecord(`SCHILY.xattr.${name}`, value))
  }
  finishBlock(block, { flag: flagsByType[entry.type], mode: entry.mode, device: entry.device })
  return records.length === 0 ? block : Buffer.concat([encodeExtension(path, records), block])
}

/** Splits a path over the name (100) and prefix (155) fields; false when it does not fit. */
function placePath(block: Buffer, path: Buffer): boolean {
  const isAscii = path.every((byte) => byte < 0x80)
  if (path.length <= 100) {
    path.copy(block, 0)
    return isAscii
  }
  const slash = path.lastIndexOf('/', Math.min(155, path.length - 2))
  if (slash <= 0 || path.length - slash - 1 > 100) {
    path.copy(block, 0, 0, 100)
    return false
  }
  path.copy(block, 0, slash + 1)
  path.copy(block, 345, 0, slash)
  return isAscii
}

function encodeExtension(path: Buffer, records: readonly Buffer[]): Buffer {
  const body = Buffer.concat(records)
  const header = Buffer.alloc(blockBytes)
  Buffer.concat([Buffer.from('PaxHeaders.0/'), path]).copy(header, 0, 0, 100)
  for (const field of [
    [108, 8],
    [116, 8],
    [136, 12],
  ] as const)
    encodeOctal(header, 0, field)
  encodeOctal(header, body.length, [124, 12])
  finishBlock(header, { flag: 'x', mode: 0o644, device: undefined })
  return Buffer.concat([header, body, Buffer.alloc(tarPadding(body.length))])
}

interface Finish {
  readonly flag: string
  readonly mode: number
  readonly device: TarEntry['device'] | undefined
}

function finishBlock(block: Buffer, { flag, mode, device }: Finish): void {
  encodeOctal(block, mode & 0o7777, [100, 8])
  block.write(flag, 156, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  encodeOctal(block, device?.major ?? 0, [329, 8])
  encodeOctal(block, device?.minor ?? 0, [337, 8])
  block.write('        ', 148, 'latin1')
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

/** Decimal seconds, without trailing zeros; below zero the fraction counts backwards. */
function formatTime({ seconds, nanoseconds }: TarTime): string {
  if (nanoseconds === 0) return String(seconds)
  const isNegative = seconds < 0
  const whole = isNegative ? -seconds - 1 : seconds
  const fraction = isNegative ? 1_000_000_000 - nanoseconds : nanoseconds
  const digits = String(fraction).padStart(9, '0').replace(/0+$/, '')
  return `${isNegative ? '-' : ''}${whole}.${digits}`
}
