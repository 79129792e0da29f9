import assert from 'node:assert/strict'
import test from 'node:test'
import { chooseSubnet, defaultAddressPools } from '#network/address-pool.ts'
import { createAddressAllocator } from '#network/ipam.ts'
import {
  formatIpv4,
  formatSubnet,
  macAddressOf,
  parseCidr,
  parseIpv4,
  subnetsOverlap,
} from '#network/ipv4.ts'

const subnet = (text: string) => parseCidr(text).subnet

const network = { name: 'bridge', id: 'abc' }

test('a CIDR gives the address and the subnet around it', () => {
  const { address, subnet: around } = parseCidr('255.255.254.9/23')
  assert.equal(formatIpv4(address), '255.255.254.9')
  assert.equal(formatSubnet(around), '255.255.254.0/23')
  assert.equal(formatSubnet(subnet('10.0.0.1/0')), '0.0.0.0/0')
  for (const text of [
    '10.0.0.1',
    '10.0.0.1/33',
    '10.0.0/8',
    '10.0.0.1/',
    '::1/64',
    '10.0.0.1/-1',
  ]) {
    assert.throws(() => parseCidr(text), { message: `invalid CIDR address: ${text}` })
  }
})

test('subnets overlap when one holds the other', () => {
  assert.ok(subnetsOverlap(subnet('10.0.0.0/8'), subnet('10.255.0.0/16')))
  assert.ok(subnetsOverlap(subnet('10.255.0.0/16'), subnet('10.0.0.0/8')))
  assert.ok(!subnetsOverlap(subnet('10.0.0.0/24'), subnet('10.0.1.0/24')))
})

test('the MAC address is derived from the IPv4 address', () => {
  assert.equal(macAddressOf(parseIpv4('172.17.0.2')), '02:42:ac:11:00:02')
})

test('the first free subnet of the pools is taken, in their order', () => {
  const taken = ['172.17.0.0/16', '172.18.5.0/24', '172.16.0.0/15'].map(subnet)
  assert.equal(formatSubnet(chooseSubnet(defaultAddressPools, [])), '172.17.0.0/16')
  assert.equal(formatSubnet(chooseSubnet(defaultAddressPools, taken)), '172.19.0.0/16')
  const all172 = [subnet('172.16.0.0/12'), subnet('192.168.0.0/19')]
  assert.equal(formatSubnet(chooseSubnet(defaultAddressPools, all172)), '192.168.32.0/20')
})

test('pools without room, and pools that cannot be cut, are refused', () => {
  const pools = [{ base: '10.0.0.0/24', size: 25 }]
  assert.throws(() => chooseSubnet(pools, [subnet('10.0.0.0/8')]), {
    kind: 'resource_exhausted',
    message: 'all predefined address pools have been fully subnetted',
  })
  for (const size of [23, 31, 24.5]) {
    assert.throws(() => chooseSubnet([{ base: '10.0.0.0/24', size }], []), {
      kind: 'invalid_argument',
    })
  }
})

test('addresses come lowest first, without network, gateway and broadcast', () => {
  const allocator = createAddressAllocator(subnet('10.0.0.0/29'), parseIpv4('10.0.0.2'), network)
  const given = Array.from({ length: 5 }, () => formatIpv4(allocator.allocate()))
  assert.deepEqual(given, ['10.0.0.1', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'])
  assert.throws(() => allocator.allocate(), {
    kind: 'resource_exhausted',
    message: "no available IPv4 addresses on this network's address pools: bridge (abc)",
  })
  allocator.release(parseIpv4('10.0.0.4'))
  allocator.release(parseIpv4('10.9.9.9'))
  assert.equal(formatIpv4(allocator.allocate()), '10.0.0.4')
})

test('a named address is taken once, and only inside the subnet', () => {
  const allocator = createAddressAllocator(subnet('10.0.0.0/24'), parseIpv4('10.0.0.1'), network)
  allocator.reserve(parseIpv4('10.0.0.2'))
  assert.equal(formatIpv4(allocator.allocate()), '10.0.0.3')
  for (const taken of ['10.0.0.2', '10.0.0.0', '10.0.0.1', '10.0.0.255']) {
    assert.throws(() => allocator.reserve(parseIpv4(taken)), {
      kind: 'conflict',
      message: 'Address already in use',
    })
  }
  assert.throws(() => allocator.reserve(parseIpv4('10.0.1.2')), {
    message: 'no configured subnet contains IP address 10.0.1.2',
  })
})

test('a subnet of a million addresses is given out in full', () => {
  const allocator = createAddressAllocator(subnet('10.0.0.0/12'), parseIpv4('10.0.0.1'), network)
  let last = 0
  for (let count = 0; count < 2 ** 20 - 3; count++) last = allocator.allocate()
  assert.equal(formatIpv4(last), '10.15.255.254')
  assert.throws(() => allocator.allocate(), { kind: 'resource_exhausted' })
})
