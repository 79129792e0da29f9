import { isAscii, isUtf8 } from 'node:buffer'
import type { TarEntry } from '#oci/tar/types.ts'

/**
 * A file name as text. Linux names are bytes: each byte that is not part of
 * valid UTF-8 becomes U+DC80…U+DCFF (a lone surrogate, which no valid text
 * has), so that `encodeName` gives back exactly the same bytes.
 */
export function decodeName(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
        : bytes.toString('utf8', at, at + length)
    at += Math.max(length, 1)
  }
  return text
}

/** Length of the valid UTF-8 sequence at `at`, 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length
  }
  return 0
}

const escapedByte = /[\uDC80-\uDCFF]/

/** True when the name has bytes that a JavaScript string cannot carry to the kernel. */
export function hasEscapedBytes(name: string): boolean {
  return escapedByte.test(name) && !name.isWellFormed()
}

export function encodeName(name: string): Buffer {
  if (!hasEscapedBytes(name)) return Buffer.from(name, 'utf8')
  const parts: Buffer[] = []
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0
    const isEscaped = code >= 0xdc80 && code <= 0xdcff
    parts.push(isEscaped ? Buffer.of(code - 0xdc00) : Buffer.from(character, 'utf8'))
  }
  return Buffer.concat(parts)
}

/** What a symbolic link counts for in the size of a layer, as Docker counts: its target's bytes. */
export function linkBytes({ type, linkPath = '' }: Pick<TarEntry, 'type' | 'linkPath'>): number {
  return type === 'symlink' ? encodeName(linkPath).length : 0
}
