/** Our requests against those that iproute2 6.1 sent for the same command, captured with strace. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeInterfaceAddress, newAddressRequest } from '#sys/netlink/address.ts'
import { decodeAnswers, encodeMessage, type NetlinkRequest } from '#sys/netlink/codec.ts'
import {
  changeLinkRequest,
  decodeLink,
  deleteLinkRequest,
  newLinkRequest,
} from '#sys/netlink/link.ts'
import { newForwardingRequest, newNeighbourRequest } from '#sys/netlink/neighbour.ts'
import { decodeRoute, newRouteRequest } from '#sys/netlink/route.ts'

const sequence = 0x6b04fae5
const requestAndAck = 5

const captured: readonly (readonly [command: string, ours: NetlinkRequest, theirs: string])[] = [
  [
    'ip link add name br9 type bridge',
    newLinkRequest({ name: 'br9', kind: { type: 'bridge' } }),
    '3800000010000506e5fa046b00000000000000000000000000000000000000000800030062723900100012000a0001006272696467650000',
  ],
  [
    'ip link add v9 type veth peer name p9',
    newLinkRequest({ name: 'v9', kind: { type: 'veth', peer: { name: 'p9' } } }),
    '5400000010000506e5fa046b000000000000000000000000000000000000000007000300763900002c0012000800010076657468200002001c000100000000000000000000000000000000000700030070390000',
  ],
  [
    'ip link add mv9 link v9 type macvlan mode bridge',
    newLinkRequest({ name: 'mv9', kind: { type: 'macvlan', parent: 4, mode: 'bridge' } }),
    '4c00000010000506e5fa046b00000000000000000000000000000000000000000800050004000000080003006d7639001c0012000b0001006d6163766c616e000c0002000800010004000000',
  ],
  [
    'ip link add iv9 link p9 type ipvlan mode l3',
    newLinkRequest({ name: 'iv9', kind: { type: 'ipvlan', parent: 3, mode: 'l3' } }),
    '5400000010000506e5fa046b000000000000000000000000000000000000000008000500030000000800030069763900240012000a0001006970766c616e00001400020006000100010000000600020000000000',
  ],
  [
    'ip link add vx9 type vxlan id 77 dstport 4789 local 172.30.0.1 nolearning',
    newLinkRequest({
      name: 'vx9',
      kind: { type: 'vxlan', vni: 77, port: 4789, local: '172.30.0.1', learning: false },
    }),
    '5c00000010000506e5fa046b00000000000000000000000000000000000000000800030076783900340012000900010076786c616e00000024000200080001004d00000008000400ac1e0001050007000000000006000f0012b50000',
  ],
  [
    'ip link del br9',
    deleteLinkRequest(2),
    '2000000011000500e5fa046b0000000000000000020000000000000000000000',
  ],
  [
    'ip address add 172.30.0.1/24 broadcast 172.30.0.255 dev br9',
    newAddressRequest({
      index: 2,
      address: '172.30.0.1',
      prefixLength: 24,
      broadcast: '172.30.0.255',
    }),
    '3000000014000506e5fa046b00000000021800000200000008000200ac1e000108000400ac1e00ff08000100ac1e0001',
  ],
  [
    'ip route add default via 172.30.0.254 dev br9',
    newRouteRequest({ prefixLength: 0, gateway: '172.30.0.254', output: 2 }),
    '2c00000018000506e5fa046b0000000002000000fe0300010000000008000500ac1e00fe0800040002000000',
  ],
  [
    'ip neighbour replace 172.30.0.7 lladdr 02:42:ac:1e:00:07 dev br9 nud permanent',
    newNeighbourRequest({ index: 2, address: '172.30.0.7', macAddress: '02:42:ac:1e:00:07' }),
    '300000001c000505e6fa046b0000000002000000020000008000000008000100ac1e00070a0002000242ac1e00070000',
  ],
  [
    'bridge fdb replace 02:42:ac:1e:00:09 dev vx9 dst 172.30.0.9 self permanent',
    newForwardingRequest({ index: 5, macAddress: '02:42:ac:1e:00:09', remote: '172.30.0.9' }),
    '300000001c000505e6fa046b000000000700000005000000c00002000a0002000242ac1e0009000008000100ac1e0009',
  ],
]

for (const [command, ours, theirs] of captured) {
  test(`request of: ${command}`, () => {
    const expected = Buffer.from(theirs, 'hex')
    // The sequence number counts the messages of a run.
    expected.writeUInt32LE(sequence, 8)
    const encoded = encodeMessage(ours, requestAndAck, sequence)
    assert.equal(encoded.toString('hex'), expected.toString('hex'))
  })
}

test('a change of a link carries only what changes', () => {
  const { body } = changeLinkRequest(7, { isUp: true })
  assert.equal(body.toString('hex'), '00000000070000000100000001000000')
  const alias = changeLinkRequest(7, { alias: 'x' }).body
  assert.equal(alias.toString('hex', 8, 16), '0000000000000000')
  assert.equal(alias.toString('hex', 16), '0500140078000000')
})

function bodyOf(hex: string): Buffer {
  const [answer] = decodeAnswers(Buffer.from(hex, 'hex'))
  assert.equal(answer?.kind, 'message')
  return answer.kind === 'message' ? answer.body : Buffer.alloc(0)
}

test('an address that the kernel lists', () => {
  const hex =
    '4c00000014002200e6fa046b2e2e0000021880000200000008000100ac1e000108000200ac1e00010800030062723900080008008000000014000600fffffffffffffffff9fc0500f9fc0500'
  assert.deepEqual(decodeInterfaceAddress(bodyOf(hex)), {
    index: 2,
    address: '172.30.0.1',
    prefixLength: 24,
  })
})

test('a route that the kernel lists', () => {
  const hex =
    '3c00000018002200e5fa046b362e000002180000fe02fd011000000008000f00fe00000008000100ac1e000008000700ac1e00010800040002000000'
  assert.deepEqual(decodeRoute(bodyOf(hex)), {
    destination: '172.30.0.0',
    prefixLength: 24,
    table: 254,
    type: 1,
    output: 2,
  })
})

test('a link as it was asked for', () => {
  const { body } = newLinkRequest({
    name: 'br9',
    mtu: 1400,
    macAddress: '02:42:ac:1e:00:01',
    isUp: true,
    kind: { type: 'bridge' },
  })
  assert.deepEqual(decodeLink(body), {
    index: 0,
    name: 'br9',
    isUp: true,
    mtu: 1400,
    macAddress: '02:42:ac:1e:00:01',
    kind: 'bridge',
  })
})
