import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeName, encodeName, hasEscapedBytes } from '#oci/tar/names.ts'

test('every byte sequence survives decodeName and encodeName', () => {
  const samples = [
    Buffer.from('plain'),
    Buffer.from('Főtanúsítvány'),
    Buffer.from('emoji 😀 end'),
    Buffer.of(0xff, 0xfe, 0x41),
    Buffer.of(0xc3, 0x28, 0xe9, 0xf0, 0x9f, 0x98),
    // An encoded surrogate is not valid UTF-8 and must stay the three bytes it is.
    Buffer.of(0xed, 0xb2, 0x80),
  ]
  for (const bytes of samples) assert.deepEqual(encodeName(decodeName(bytes)), bytes)
})

test('hasEscapedBytes tells names that need their bytes from well-formed ones', () => {
  assert.equal(hasEscapedBytes(decodeName(Buffer.of(0x61, 0xe9))), true)
  assert.equal(hasEscapedBytes('😀 é'), false)
})
