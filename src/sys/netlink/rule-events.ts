/**
 * What other programs do to nftables, as it happens: the kernel tells every
 * change on a socket of NETLINK_NETFILTER that joined the group for it.
 */
import type { Socket } from 'node:net'
import { closeDescriptor } from '#sys/files.ts'
import { decodeAnswers, decodeAttributes, decodeText } from '#sys/netlink/codec.ts'
import { addressFamily } from '#sys/netlink/inet.ts'
import { netlinkFamily, netlinkProtocol } from '#sys/netlink/socket.ts'
import { adoptDescriptor } from '#sys/poller.ts'
import { bindSocket, openSocket, setSocketOption } from '#sys/socket.ts'

/** Changes to the family `ip`; others are not told. */
export type RuleEvent =
  | { readonly type: 'table-removed'; readonly table: string }
  /** Made, given another policy, or a rule of it removed. */
  | { readonly type: 'chain-changed'; readonly table: string; readonly chain: string }
  /** The kernel had more to tell than it could keep: anything may have changed. */
  | { readonly type: 'overrun' }

/** NFT_MSG_… below NFNL_SUBSYS_NFTABLES: include/uapi/linux/netfilter/nf_tables.h */
const subsystem = 10 << 8
const message = {
  removeTable: subsystem | 2,
  newChain: subsystem | 3,
  removeRule: subsystem | 8,
} as const
const nfta = { tableName: 1, chainTable: 1, chainName: 3, ruleTable: 1, ruleChain: 2 } as const
const headerBytes = 4

/** The events in one datagram. */
export function decodeRuleEvents(datagram: Buffer): RuleEvent[] {
  return decodeAnswers(datagram).flatMap((answer): RuleEvent[] => {
    if (answer.kind !== 'message' || answer.body[0] !== addressFamily.ipv4) return []
    const text = (attribute: number) =>
      decodeText(decodeAttributes(answer.body.subarray(headerBytes)).get(attribute)) ?? ''
    switch (answer.type) {
      case message.removeTable:
        return [{ type: 'table-removed', table: text(nfta.tableName) }]
      case message.newChain:
        return [
          { type: 'chain-changed', table: text(nfta.chainTable), chain: text(nfta.chainName) },
        ]
      case message.removeRule:
        return [{ type: 'chain-changed', table: text(nfta.ruleTable), chain: text(nfta.ruleChain) }]
      default:
        return []
    }
  })
}

const addMembership = { level: 270, name: 1 } as const
const nftablesGroup = 7
/** The largest datagram that the kernel makes of one transaction's events. */
const datagramBytes = 64 * 1024

/**
 * Tells of changes in the network namespace of the calling thread until disposed of. Does not keep
 * the process alive.
 */
export function watchRules(onEvent: (event: RuleEvent) => void): Disposable {
  let socket: Socket | undefined
  const open = () => {
    socket = openEventSocket((datagram) => {
      for (const event of decodeRuleEvents(datagram)) onEvent(event)
    })
    // ENOBUFS, which loses events and closes a socket of the main loop.
    socket.once('error', () => {
      open()
      onEvent({ type: 'overrun' })
    })
  }
  open()
  return {
    [Symbol.dispose]() {
      socket?.removeAllListeners('error').on('error', () => undefined)
      socket?.destroy()
    },
  }
}

/** `struct sockaddr_nl` that leaves the number to the kernel: netlink(7). */
function netlinkAddress(): Buffer {
  const address = Buffer.alloc(12)
  address.writeUInt16LE(netlinkFamily, 0)
  return address
}

function openEventSocket(onDatagram: (datagram: Buffer) => void): Socket {
  const fd = openSocket({
    family: netlinkFamily,
    type: 'raw',
    protocol: netlinkProtocol.netfilter,
  })
  try {
    // Without an address of its own a socket gets no events.
    bindSocket(fd, netlinkAddress(), 'netlink')
    setSocketOption(fd, addMembership, nftablesGroup)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  const buffer = Buffer.alloc(datagramBytes)
  const callback = (length: number) => {
    onDatagram(buffer.subarray(0, length))
    return true
  }
  return adoptDescriptor(fd, { onread: { buffer, callback } }).unref()
}
