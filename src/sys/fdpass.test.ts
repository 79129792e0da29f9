import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeControl } from '#sys/fdpass.ts'

/** `struct cmsghdr` with one int behind it. */
function control(level: number, type: number, fd: number): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeBigUInt64LE(20n, 0)
  bytes.writeInt32LE(level, 8)
  bytes.writeInt32LE(type, 12)
  bytes.writeInt32LE(fd, 16)
  return bytes
}

test('a control message gives its descriptor; another one, or none, is data_loss', () => {
  assert.equal(decodeControl(control(1, 1, 42), 24), 42)
  for (const [bytes, length] of [
    [control(1, 1, 42), 0],
    [control(1, 1, 42), 16],
    [control(1, 2, 42), 24],
    [control(0, 1, 42), 24],
  ] as const) {
    assert.throws(() => decodeControl(bytes, length), { kind: 'data_loss' })
  }
})
