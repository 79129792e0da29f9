/** Interface addresses: RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR with `struct ifaddrmsg`. */
import {
  attribute,
  decodeAttributes,
  messageFlag,
  type NetlinkRequest,
} from '#sys/netlink/codec.ts'
import { decodeAddress, encodeAddress, familyOf } from '#sys/netlink/inet.ts'

const newAddress = 20
const deleteAddress = 21
const getAddress = 22
const ifa = { address: 1, local: 2, broadcast: 4 } as const

export interface InterfaceAddress {
  readonly index: number
  readonly address: string
  readonly prefixLength: number
  readonly broadcast?: string
}

export function newAddressRequest(entry: InterfaceAddress): NetlinkRequest {
  return addressRequest(newAddress, messageFlag.create | messageFlag.exclusive, {
    entry,
    verb: 'add',
  })
}

export function deleteAddressRequest(entry: InterfaceAddress): NetlinkRequest {
  return addressRequest(deleteAddress, 0, { entry, verb: 'remove' })
}

export function dumpAddressesRequest(): NetlinkRequest {
  return {
    type: getAddress,
    flags: messageFlag.dump,
    action: 'list addresses',
    body: header(0, 0, 0),
  }
}

/** Body of an RTM_NEWADDR answer. */
export function decodeInterfaceAddress(body: Buffer): InterfaceAddress {
  const attributes = decodeAttributes(body.subarray(8))
  const address = attributes.get(ifa.local) ?? attributes.get(ifa.address) ?? Buffer.alloc(4)
  return {
    index: body.readUInt32LE(4),
    address: decodeAddress(address),
    prefixLength: body.readUInt8(1),
  }
}

function addressRequest(
  type: number,
  flags: number,
  what: { readonly entry: InterfaceAddress; readonly verb: string },
): NetlinkRequest {
  const { entry, verb } = what
  const address = encodeAddress(entry.address)
  const { broadcast } = entry
  return {
    type,
    flags,
    action: `${verb} address "${entry.address}/${entry.prefixLength}"`,
    body: Buffer.concat([
      header(familyOf(address), entry.prefixLength, entry.index),
      attribute(ifa.local, address),
      ...(broadcast === undefined ? [] : [attribute(ifa.broadcast, encodeAddress(broadcast))]),
      attribute(ifa.address, address),
    ]),
  }
}

function header(family: number, prefixLength: number, index: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes[0] = family
  bytes[1] = prefixLength
  bytes.writeUInt32LE(index, 4)
  return bytes
}
