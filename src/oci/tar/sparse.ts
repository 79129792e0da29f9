import { damagedArchive, decodeNumber } from '#oci/tar/numbers.ts'
import { blockBytes, type SparseExtent } from '#oci/tar/types.ts'

/** The extents in a GNU `S` header (4 of them, from 386) or its continuation block (21, from 0). */
export function decodeGnuExtents(block: Buffer, isContinuation: boolean): GnuExtents {
  const [start, count, more] = isContinuation ? [0, 21, 504] : [386, 4, 482]
  const extents: SparseExtent[] = []
  for (let index = 0; index < count; index++) {
    const at = start + index * 24
    if (block[at] === 0) break
    extents.push({
      offset: decodeNumber(block, at, 12),
      sizeBytes: decodeNumber(block, at + 12, 12),
    })
  }
  return { extents, hasMore: block[more] === 1 }
}

export interface GnuExtents {
  readonly extents: readonly SparseExtent[]
  /** Another block of extents follows. */
  readonly hasMore: boolean
}

/** The length with holes that a GNU `S` header states. */
export function gnuRealSize(block: Buffer): number {
  return decodeNumber(block, 483, 12)
}

export function extentsFromNumbers(numbers: readonly number[]): SparseExtent[] {
  if (numbers.length % 2 !== 0) throw damagedArchive('a sparse map has an odd number of values')
  const extents: SparseExtent[] = []
  for (let index = 0; index < numbers.length; index += 2) {
    extents.push({ offset: numbers[index] ?? 0, sizeBytes: numbers[index + 1] ?? 0 })
  }
  return extents
}

/** The map that sparse format 1.0 puts before the content; takes it block by block. */
export interface SparseMapReader {
  /** The extents once the map is complete. @throws EngineError data_loss */
  push(block: Buffer): readonly SparseExtent[] | undefined
  /** Length of the map, padded to blocks, so far. */
  sizeBytes(): number
}

/** One decimal a line: the count, then offsets and lengths (GNU tar manual, "PAX Format, Version 1.0"). */
export function createSparseMapReader(maxExtents: number): SparseMapReader {
  const blocks: Buffer[] = []
  let lines = 0
  let wantedLines: number | undefined
  return {
    sizeBytes: () => blocks.length * blockBytes,
    push(block) {
      blocks.push(Buffer.from(block))
      for (const byte of block) if (byte === 0x0a) lines++
      if (lines === 0) throw damagedArchive('a sparse map is malformed')
      wantedLines ??= 1 + 2 * mapNumber(block.toString('latin1', 0, block.indexOf(0x0a)))
      if (wantedLines > 1 + 2 * maxExtents) throw damagedArchive('a sparse map is too long')
      if (lines < wantedLines) return undefined
      const texts = Buffer.concat(blocks).toString('latin1').split('\n', wantedLines)
      return extentsFromNumbers(texts.slice(1).map(mapNumber))
    },
  }
}

function mapNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw damagedArchive('a sparse map is malformed')
  return Number(text)
}

/** @throws EngineError data_loss unless extents ascend, fit, and hold exactly `storedBytes` */
export function validateExtents(
  extents: readonly SparseExtent[],
  realSizeBytes: number,
  storedBytes: number,
): void {
  let end = 0
  let stored = 0
  for (const { offset, sizeBytes } of extents) {
    if (offset < end || sizeBytes < 0 || offset + sizeBytes > realSizeBytes) {
      throw damagedArchive('a sparse map is inconsistent')
    }
    end = offset + sizeBytes
    stored += sizeBytes
  }
  if (stored !== storedBytes) throw damagedArchive('a sparse map does not match the content')
}
