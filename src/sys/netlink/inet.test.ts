import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeAddress, decodeMac, encodeAddress, encodeMac } from '#sys/netlink/inet.ts'
import { encodeSocketAddress } from '#sys/sockaddr.ts'

test('addresses survive the way to bytes and back in their shortest form', () => {
  const forms = [
    ['172.17.0.1', '172.17.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::1', 'fe80::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
    ['1::', '1::'],
  ] as const
  for (const [text, shortest] of forms) {
    assert.equal(decodeAddress(encodeAddress(text)), shortest)
  }
  assert.equal(encodeAddress('fe80::1').toString('hex'), 'fe800000000000000000000000000001')
})

test('what is no address is refused', () => {
  for (const text of ['', '1.2.3', '1.2.3.256', 'fe80::1%eth0', 'localhost']) {
    assert.throws(() => encodeAddress(text), { kind: 'invalid_argument' })
  }
  assert.throws(() => encodeMac('02:42:ac:11:00'), { kind: 'invalid_argument' })
})

test('MAC addresses survive the way to bytes and back', () => {
  assert.equal(decodeMac(encodeMac('02:42:AC:11:00:02')), '02:42:ac:11:00:02')
})

test('socket addresses carry family, port in network order, and address', () => {
  assert.equal(
    encodeSocketAddress('127.0.0.1', 8080).toString('hex'),
    '02001f907f0000010000000000000000',
  )
  assert.equal(
    encodeSocketAddress('::1', 80).toString('hex'),
    '0a000050000000000000000000000000000000000000000100000000',
  )
})
