import { decodeName } from '#oci/tar/names.ts'
import { damagedArchive, decodeNumber } from '#oci/tar/numbers.ts'
import { blockBytes } from '#oci/tar/types.ts'

/** One 512-byte header block, before extensions are applied. */
export interface RawHeader {
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly mtimeSeconds: number
  /** The type flag as a character; old archives have NUL for files. */
  readonly flag: string
  readonly linkPath: string
  readonly devMajor: number
  readonly devMinor: number
  readonly isGnu: boolean
}

export function isZeroBlock(block: Buffer): boolean {
  for (let at = 0; at < blockBytes; at++) if (block[at] !== 0) return false
  return true
}

/** @throws EngineError data_loss when the checksum or a number is wrong */
export function decodeHeader(block: Buffer): RawHeader {
  verifyChecksum(block)
  const magic = block.toString('latin1', 257, 265)
  const isUstar = magic.startsWith('ustar\0')
  const isGnu = magic === 'ustar  \0'
  const name = textField(block, 0, 100)
  const prefix = isUstar ? textField(block, 345, isStar(block) ? 131 : 155) : ''
  const hasDevice = isUstar || isGnu
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode: decodeNumber(block, 100, 8) & 0o7777,
    uid: decodeNumber(block, 108, 8),
    gid: decodeNumber(block, 116, 8),
    sizeBytes: decodeNumber(block, 124, 12),
    mtimeSeconds: decodeNumber(block, 136, 12),
    flag: String.fromCharCode(block[156] ?? 0),
    linkPath: textField(block, 157, 100),
    devMajor: hasDevice ? decodeNumber(block, 329, 8) : 0,
    devMinor: hasDevice ? decodeNumber(block, 337, 8) : 0,
    isGnu,
  }
}

/** Schily's star keeps times at the end of what ustar gives to the prefix. */
function isStar(block: Buffer): boolean {
  return block.toString('latin1', 508, 512) === 'tar\0'
}

function verifyChecksum(block: Buffer): void {
  let unsigned = 8 * 0x20
  let signed = 8 * 0x20
  for (let at = 0; at < blockBytes; at++) {
    if (at === 148) at = 156
    const byte = block[at] ?? 0
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const stated = decodeNumber(block, 148, 8)
  // Some old writers added the bytes as signed characters.
  if (stated !== unsigned && stated !== signed) throw damagedArchive('invalid tar header')
}

/** A text field up to its first NUL. */
function textField(block: Buffer, offset: number, length: number): string {
  let end = offset
  while (end < offset + length && block[end] !== 0) end++
  return end === offset ? '' : decodeName(block.subarray(offset, end))
}
