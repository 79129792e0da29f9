/** Connection tracking and chain policies, on bytes as the kernel writes them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeChainPolicy, getChainRequest } from '#sys/netlink/chain-policy.ts'
import { attribute, decodeAttributes, nested, textAttribute } from '#sys/netlink/codec.ts'
import {
  decodeConntrack,
  deleteConntrackRequest,
  dumpConntrackRequest,
  protocolNumber,
} from '#sys/netlink/conntrack.ts'

const header = Buffer.from([2, 0, 0, 0])

/** CTA_TUPLE_IP (1) with CTA_IP_V4_SRC (1) and _DST (2), CTA_TUPLE_PROTO (2) with number and ports. */
function tuple(source: readonly number[], destination: readonly number[], port: number): Buffer {
  const bigEndian = (value: number) => Buffer.from([value >> 8, value & 255])
  return Buffer.concat([
    nested(1, attribute(1, Buffer.from(source)), attribute(2, Buffer.from(destination))),
    nested(
      2,
      attribute(1, Buffer.from([protocolNumber.udp])),
      attribute(2, bigEndian(40_000)),
      attribute(3, bigEndian(port)),
    ),
  ])
}

const original = tuple([198, 51, 100, 2], [198, 51, 100, 1], 5300)
const reply = tuple([172, 30, 0, 2], [198, 51, 100, 2], 40_000)

test('a tracked flow names where its client sent to, and who answers', () => {
  const body = Buffer.concat([header, nested(1, original), nested(2, reply)])
  const entry = decodeConntrack(body)
  assert.deepEqual(entry, {
    protocol: 17,
    destination: '198.51.100.1',
    destinationPort: 5300,
    replySource: '172.30.0.2',
    tuple: original,
  })
  const { action, body: deletion } = deleteConntrackRequest(entry ?? assert.fail())
  assert.equal(action, 'forget flow to "198.51.100.1:5300"')
  assert.deepEqual(decodeAttributes(deletion.subarray(4)).get(1), original)
})

test('flows without ports, of IPv6, or with half of their tuples are passed over', () => {
  const of = (...parts: readonly Buffer[]) => decodeConntrack(Buffer.concat([header, ...parts]))
  assert.equal(of(), undefined)
  assert.equal(of(nested(1, original)), undefined)
  const icmp = Buffer.concat([
    nested(1, attribute(1, Buffer.from([1, 2, 3, 4])), attribute(2, Buffer.from([5, 6, 7, 8]))),
    nested(2, attribute(1, Buffer.from([1]))),
  ])
  assert.equal(of(nested(1, icmp), nested(2, icmp)), undefined)
  const ipv6 = nested(1, attribute(3, Buffer.alloc(16)), attribute(4, Buffer.alloc(16)))
  assert.equal(of(nested(1, ipv6), nested(2, ipv6)), undefined)
})

test('a dump asks for one protocol of IPv4', () => {
  const { type, body } = dumpConntrackRequest(protocolNumber.udp)
  assert.equal(type, 0x101)
  assert.deepEqual(body.subarray(0, 4), header)
  const attributes = decodeAttributes(body.subarray(4))
  assert.deepEqual([...attributes.keys()], [1, 25])
  const wanted = decodeAttributes(attributes.get(1) ?? Buffer.alloc(0)).get(2)
  assert.equal(decodeAttributes(wanted ?? Buffer.alloc(0)).get(1)?.[0], 17)
})

test('a chain is asked for by name, and its policy is drop, accept or none', () => {
  const { type, body } = getChainRequest({ table: 'filter', chain: 'FORWARD' })
  assert.equal(type, 0xa04)
  const named = Buffer.concat([header, textAttribute(1, 'filter'), textAttribute(3, 'FORWARD')])
  assert.deepEqual(body, named)
  const policy = (value: number) =>
    Buffer.concat([header, attribute(5, Buffer.from([0, 0, 0, value]))])
  assert.equal(decodeChainPolicy(policy(0)), 'drop')
  assert.equal(decodeChainPolicy(policy(1)), 'accept')
  assert.equal(decodeChainPolicy(named), undefined)
})
