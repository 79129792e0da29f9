/** How a blob is compressed, told by its first bytes. */
export type Compression = 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'none'

/** Enough bytes to tell a compression by. */
export const sniffBytes = 6

/**
 * Tells the compression from the first bytes: RFC 1952, RFC 8878 (skippable
 * frames too), bzip2 and the .xz file format.
 */
export function sniffCompression(start: Uint8Array): Compression {
  const [a, b, c, d] = start
  if (a === 0x1f && b === 0x8b) return 'gzip'
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd'
  if (a !== undefined && a >> 4 === 0x5 && b === 0x2a && c === 0x4d && d === 0x18) return 'zstd'
  if (a === 0x42 && b === 0x5a && c === 0x68) return 'bzip2'
  if (a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58) return 'xz'
  return 'none'
}
