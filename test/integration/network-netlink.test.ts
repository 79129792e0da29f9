/** Every request of sys/netlink against the kernel, read back by its dumps. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { openBareMachine, shell } from '#test/support/network-machine.ts'
import {
  decodeInterfaceAddress,
  deleteAddressRequest,
  dumpAddressesRequest,
  newAddressRequest,
} from '#sys/netlink/address.ts'
import { errnoOf } from '#base/errors.ts'
import {
  changeLinkRequest,
  decodeLink,
  deleteLinkRequest,
  dumpLinksRequest,
  getLinkRequest,
  newLinkRequest,
  type Link,
  type LinkKind,
} from '#sys/netlink/link.ts'
import {
  decodeForwarding,
  decodeNeighbour,
  deleteForwardingRequest,
  deleteNeighbourRequest,
  dumpForwardingRequest,
  dumpNeighboursRequest,
  newForwardingRequest,
  newNeighbourRequest,
} from '#sys/netlink/neighbour.ts'
import {
  decodeRoute,
  deleteRouteRequest,
  dumpRoutesRequest,
  newRouteRequest,
} from '#sys/netlink/route.ts'
import { openNetlink, type Netlink } from '#sys/netlink/socket.ts'

function linkNamed(netlink: Netlink, name: string): Link {
  return decodeLink(netlink.query(getLinkRequest(name)))
}

function makePair(netlink: Netlink): Link {
  netlink.request(
    newLinkRequest({ name: 'nl0', isUp: true, kind: { type: 'veth', peer: { name: 'nl1' } } }),
  )
  netlink.request(changeLinkRequest(linkNamed(netlink, 'nl1').index, { isUp: true }))
  return linkNamed(netlink, 'nl0')
}

test('links are made, changed, listed and removed', (t) => {
  openBareMachine(t)
  using netlink = openNetlink()
  const pair = makePair(netlink)
  assert.equal(pair.linked, linkNamed(netlink, 'nl1').index)
  netlink.request(newLinkRequest({ name: 'nlbr', kind: { type: 'bridge' } }))
  const bridge = linkNamed(netlink, 'nlbr')
  const macAddress = '02:42:00:00:00:09'
  netlink.request(
    changeLinkRequest(pair.index, { master: bridge.index, mtu: 1400, alias: 'mine', macAddress }),
  )
  netlink.request(changeLinkRequest(pair.index, { hairpin: true }))
  const listed = netlink
    .dump(dumpLinksRequest())
    .map(decodeLink)
    .find(({ name }) => name === 'nl0')
  assert.deepEqual(listed, {
    ...pair,
    master: bridge.index,
    mtu: 1400,
    alias: 'mine',
    macAddress,
  })
  netlink.request(deleteLinkRequest(pair.index))
  netlink.request(deleteLinkRequest(bridge.index))
  assert.throws(
    () => linkNamed(netlink, 'nl1'),
    (error) => errnoOf(error) === 'ENODEV',
  )
})

const kinds: readonly ((parent: number) => LinkKind)[] = [
  () => ({ type: 'dummy' }),
  (parent) => ({ type: 'macvlan', parent, mode: 'bridge' }),
  (parent) => ({ type: 'ipvlan', parent, mode: 'l2' }),
  (parent) => ({
    type: 'vxlan',
    vni: 42,
    port: 4789,
    local: '198.51.100.7',
    parent,
    learning: false,
  }),
]
for (const kindOf of kinds) {
  const { type } = kindOf(0)
  test(`a link of kind ${type} is made`, (t) => {
    openBareMachine(t)
    using netlink = openNetlink()
    const pair = makePair(netlink)
    try {
      netlink.request(newLinkRequest({ name: 'nl9', kind: kindOf(pair.index) }))
      assert.equal(linkNamed(netlink, 'nl9').kind, type)
      netlink.request(deleteLinkRequest(linkNamed(netlink, 'nl9').index))
    } catch (error) {
      if (errnoOf(error) !== 'EOPNOTSUPP') throw error
      t.skip(`this kernel has no links of kind ${type}`)
    } finally {
      netlink.request(deleteLinkRequest(pair.index))
    }
  })
}

test('addresses, routes and neighbours are added, listed and removed', (t) => {
  openBareMachine(t)
  using netlink = openNetlink()
  const { index } = makePair(netlink)
  const address = { index, address: '198.51.100.9', prefixLength: 24 }
  const route = {
    destination: '203.0.113.0',
    prefixLength: 24,
    gateway: '198.51.100.1',
    output: index,
  }
  const neighbour = { index, address: '198.51.100.1', macAddress: '02:42:00:00:00:01' }
  const read = () => ({
    addresses: netlink
      .dump(dumpAddressesRequest())
      .map(decodeInterfaceAddress)
      .filter((entry) => entry.index === index && !entry.address.includes(':')),
    routes: netlink
      .dump(dumpRoutesRequest())
      .map(decodeRoute)
      .filter(({ destination }) => destination === '203.0.113.0'),
    neighbours: netlink
      .dump(dumpNeighboursRequest())
      .map(decodeNeighbour)
      .filter((entry) => entry?.address === '198.51.100.1'),
  })
  netlink.request(newAddressRequest(address))
  netlink.request(newRouteRequest(route))
  netlink.request(newNeighbourRequest(neighbour))
  assert.deepEqual(read(), {
    addresses: [address],
    routes: [{ ...route, table: 254, type: 1 }],
    neighbours: [neighbour],
  })
  assert.throws(() => netlink.request(newAddressRequest(address)), { kind: 'already_exists' })
  netlink.request(deleteNeighbourRequest(neighbour))
  netlink.request(deleteRouteRequest(route))
  netlink.request(deleteAddressRequest(address))
  assert.deepEqual(read(), { addresses: [], routes: [], neighbours: [] })
  netlink.request(deleteLinkRequest(index))
})

test('forwarding entries of a bridge port are added, listed and removed', async (t) => {
  openBareMachine(t)
  using netlink = openNetlink()
  const { index } = makePair(netlink)
  await shell('ip link add nlbr type bridge; ip link set nl0 master nlbr')
  const entry = { index, macAddress: '02:42:00:00:00:33' }
  const read = () =>
    netlink
      .dump(dumpForwardingRequest())
      .map(decodeForwarding)
      .filter((found) => found?.macAddress === entry.macAddress)
  netlink.request(newForwardingRequest(entry))
  assert.deepEqual(read(), [entry])
  netlink.request(deleteForwardingRequest(entry))
  assert.deepEqual(read(), [])
  await shell('ip link delete nl0; ip link delete nlbr')
})
