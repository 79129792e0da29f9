/**
 * Neighbours and forwarding entries: RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH
 * with `struct ndmsg`. A neighbour maps an IP address to a MAC address; a
 * forwarding entry (fdb, family AF_BRIDGE) maps a MAC address to a bridge port
 * or to the remote end of a VXLAN.
 */
import {
  attribute,
  decodeAttributes,
  messageFlag,
  type NetlinkRequest,
} from '#sys/netlink/codec.ts'
import {
  addressFamily,
  decodeAddress,
  decodeMac,
  encodeAddress,
  encodeMac,
  familyOf,
} from '#sys/netlink/inet.ts'

const newNeighbour = 28
const deleteNeighbour = 29
const getNeighbour = 30
const nda = { destination: 1, linkAddress: 2 } as const
const statePermanent = 0x80
const stateNoArp = 0x40
const flagSelf = 0x02

export interface Neighbour {
  readonly index: number
  readonly address: string
  readonly macAddress: string
}

export interface ForwardingEntry {
  readonly index: number
  readonly macAddress: string
  /** VXLAN: the underlay address behind which the MAC address lives. */
  readonly remote?: string
}

export function newNeighbourRequest(entry: Neighbour): NetlinkRequest {
  return {
    type: newNeighbour,
    flags: messageFlag.create | messageFlag.replace,
    action: `add neighbour "${entry.address}"`,
    body: encodeNeighbour(entry),
  }
}

export function deleteNeighbourRequest(entry: Neighbour): NetlinkRequest {
  return {
    type: deleteNeighbour,
    flags: 0,
    action: `remove neighbour "${entry.address}"`,
    body: encodeNeighbour(entry),
  }
}

export function dumpNeighboursRequest(): NetlinkRequest {
  return {
    type: getNeighbour,
    flags: messageFlag.dump,
    action: 'list neighbours',
    body: header({ family: addressFamily.ipv4, index: 0, state: 0, flags: 0 }),
  }
}

/** Body of an RTM_NEWNEIGH answer; undefined for an entry without a MAC address yet. */
export function decodeNeighbour(body: Buffer): Neighbour | undefined {
  const attributes = decodeAttributes(body.subarray(12))
  const address = attributes.get(nda.destination)
  const mac = attributes.get(nda.linkAddress)
  if (!address || mac?.length !== 6) return undefined
  return {
    index: body.readInt32LE(4),
    address: decodeAddress(address),
    macAddress: decodeMac(mac),
  }
}

export function newForwardingRequest(entry: ForwardingEntry): NetlinkRequest {
  return {
    type: newNeighbour,
    flags: messageFlag.create | messageFlag.replace,
    action: `add forwarding entry "${entry.macAddress}"`,
    body: encodeForwarding(entry),
  }
}

export function deleteForwardingRequest(entry: ForwardingEntry): NetlinkRequest {
  return {
    type: deleteNeighbour,
    flags: 0,
    action: `remove forwarding entry "${entry.macAddress}"`,
    body: encodeForwarding(entry),
  }
}

export function dumpForwardingRequest(): NetlinkRequest {
  return {
    type: getNeighbour,
    flags: messageFlag.dump,
    action: 'list forwarding entries',
    body: header({ family: addressFamily.bridge, index: 0, state: 0, flags: 0 }),
  }
}

/** Body of an RTM_NEWNEIGH answer of family AF_BRIDGE. */
export function decodeForwarding(body: Buffer): ForwardingEntry | undefined {
  const attributes = decodeAttributes(body.subarray(12))
  const mac = attributes.get(nda.linkAddress)
  const remote = attributes.get(nda.destination)
  if (mac?.length !== 6) return undefined
  return {
    index: body.readInt32LE(4),
    macAddress: decodeMac(mac),
    ...(remote === undefined ? {} : { remote: decodeAddress(remote) }),
  }
}

function encodeNeighbour(entry: Neighbour): Buffer {
  const address = encodeAddress(entry.address)
  return Buffer.concat([
    header({ family: familyOf(address), index: entry.index, state: statePermanent, flags: 0 }),
    attribute(nda.destination, address),
    attribute(nda.linkAddress, encodeMac(entry.macAddress)),
  ])
}

function encodeForwarding(entry: ForwardingEntry): Buffer {
  const { remote } = entry
  return Buffer.concat([
    header({
      family: addressFamily.bridge,
      index: entry.index,
      state: statePermanent | stateNoArp,
      flags: flagSelf,
    }),
    attribute(nda.linkAddress, encodeMac(entry.macAddress)),
    ...(remote === undefined ? [] : [attribute(nda.destination, encodeAddress(remote))]),
  ])
}

interface NeighbourHeader {
  readonly family: number
  readonly index: number
  readonly state: number
  readonly flags: number
}

function header(fields: NeighbourHeader): Buffer {
  const bytes = Buffer.alloc(12)
  bytes[0] = fields.family
  bytes.writeInt32LE(fields.index, 4)
  bytes.writeUInt16LE(fields.state, 8)
  bytes[10] = fields.flags
  return bytes
}
