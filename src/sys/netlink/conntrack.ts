/**
 * Connection tracking entries: ctnetlink on a socket of NETLINK_NETFILTER.
 * A tracked flow keeps its address translation after the rule is gone; UDP
 * flows have no end of their own and must be forgotten by hand.
 */
import {
  decodeAttributes,
  messageFlag,
  nested,
  u32Attribute,
  u8Attribute,
  type NetlinkRequest,
} from '#sys/netlink/codec.ts'
import { addressFamily, decodeAddress } from '#sys/netlink/inet.ts'

const subsystem = 1 << 8
const getEntry = subsystem | 1
const deleteEntry = subsystem | 2
const cta = { original: 1, reply: 2, filter: 25 } as const
const tuple = { address: 1, protocol: 2 } as const
const ip = { source: 1, destination: 2 } as const
const protocol = { number: 1, destinationPort: 3 } as const

export const protocolNumber = { tcp: 6, udp: 17 } as const

export interface ConntrackEntry {
  readonly protocol: number
  /** Where the client sent to. */
  readonly destination: string
  readonly destinationPort: number
  /** Who answers: the container, for a published port. */
  readonly replySource: string
  /** The original tuple as the kernel gave it, to name the entry by. */
  readonly tuple: Buffer
}

/** All IPv4 entries of one protocol; the kernel does the choosing from 5.8 on. */
export function dumpConntrackRequest(number: number): NetlinkRequest {
  const filterProtocol = 1 << 3
  return {
    type: getEntry,
    flags: messageFlag.dump,
    action: 'list tracked flows',
    body: Buffer.concat([
      header(),
      nested(cta.original, nested(tuple.protocol, u8Attribute(protocol.number, number))),
      nested(cta.filter, u32Attribute(1, filterProtocol), u32Attribute(2, 0)),
    ]),
  }
}

export function deleteConntrackRequest(entry: ConntrackEntry): NetlinkRequest {
  return {
    type: deleteEntry,
    flags: 0,
    action: `forget flow to "${entry.destination}:${entry.destinationPort}"`,
    body: Buffer.concat([header(), nested(cta.original, entry.tuple)]),
  }
}

/** Body of a conntrack message; undefined for a protocol without ports. */
export function decodeConntrack(body: Buffer): ConntrackEntry | undefined {
  const attributes = decodeAttributes(body.subarray(4))
  const original = attributes.get(cta.original)
  const reply = attributes.get(cta.reply)
  if (!original || !reply) return undefined
  const parts = decodeAttributes(original)
  const ports = decodeAttributes(parts.get(tuple.protocol) ?? Buffer.alloc(0))
  const number = ports.get(protocol.number)?.[0]
  const port = ports.get(protocol.destinationPort)?.readUInt16BE(0)
  const destination = addressIn(original, ip.destination)
  const replySource = addressIn(reply, ip.source)
  if (number === undefined || port === undefined || !destination || !replySource) return undefined
  return { protocol: number, destination, destinationPort: port, replySource, tuple: original }
}

function addressIn(tupleBytes: Buffer, side: number): string | undefined {
  const addresses = decodeAttributes(tupleBytes).get(tuple.address)
  const bytes = addresses && decodeAttributes(addresses).get(side)
  return bytes?.length === 4 ? decodeAddress(bytes) : undefined
}

/** `struct nfgenmsg`. */
function header(): Buffer {
  return Buffer.from([addressFamily.ipv4, 0, 0, 0])
}
