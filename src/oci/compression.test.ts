import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { sniffBytes, sniffCompression } from '#oci/compression.ts'

test('a compression is told by its first bytes', () => {
  const cases = [
    [gzipSync('layer'), 'gzip'],
    [zstdCompressSync('layer'), 'zstd'],
    [Buffer.from('5a2a4d180000', 'hex'), 'zstd'],
    [Buffer.from('425a68393141', 'hex'), 'bzip2'],
    [Buffer.from('fd377a585a00', 'hex'), 'xz'],
    [Buffer.from('etc/passwd'), 'none'],
    [new Uint8Array(), 'none'],
  ] as const
  for (const [bytes, expected] of cases) {
    assert.equal(sniffCompression(bytes.subarray(0, sniffBytes)), expected)
  }
})
