import assert from 'node:assert/strict'
import test from 'node:test'
import {
  attribute,
  decodeAnswers,
  decodeAttributes,
  decodeText,
  encodeMessage,
  nested,
  textAttribute,
  u32Attribute,
} from '#sys/netlink/codec.ts'

test('attributes are padded to four bytes, and come back without padding and flag bits', () => {
  const bytes = Buffer.concat([
    textAttribute(3, 'eth0'),
    u32Attribute(4, 1500),
    nested(18, attribute(1, Buffer.from('veth'))),
  ])
  assert.equal(bytes.length % 4, 0)
  const attributes = decodeAttributes(bytes)
  assert.deepEqual([...attributes.keys()], [3, 4, 18])
  assert.equal(decodeText(attributes.get(3)), 'eth0')
  assert.equal(attributes.get(4)?.readUInt32LE(0), 1500)
  const inner = decodeAttributes(attributes.get(18) ?? Buffer.alloc(0))
  assert.equal(decodeText(inner.get(1)), 'veth')
})

test('an answer is a message, a status with its errno, or the end of a dump', () => {
  const none = Buffer.alloc(0)
  const message = encodeMessage(
    { type: 16, flags: 0, action: '', body: Buffer.from([1, 2, 3, 4]) },
    2,
    7,
  )
  const refused = Buffer.alloc(20)
  refused.writeInt32LE(-17, 0)
  const status = encodeMessage({ type: 2, flags: 0, action: '', body: refused }, 0, 7)
  const done = encodeMessage({ type: 3, flags: 0, action: '', body: none }, 2, 7)
  assert.deepEqual(decodeAnswers(Buffer.concat([message, status, done])), [
    { kind: 'message', type: 16, body: Buffer.from([1, 2, 3, 4]) },
    { kind: 'status', errno: 17 },
    { kind: 'done', errno: 0 },
  ])
})

test('lengths that do not fit are refused', () => {
  const short = Buffer.alloc(16)
  short.writeUInt32LE(40, 0)
  assert.throws(() => decodeAnswers(short), { kind: 'data_loss' })
  assert.throws(() => decodeAttributes(Buffer.from([9, 0, 1, 0])), { kind: 'data_loss' })
  assert.throws(() => decodeAttributes(Buffer.from([0, 0, 1, 0])), { kind: 'data_loss' })
})
