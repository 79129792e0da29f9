/** Forgets tracked UDP flows, so that a published port's next datagram meets the rules of today. */
import { errnoOf } from '#base/errors.ts'
import type { PortBinding } from '#network/types.ts'
import {
  decodeConntrack,
  deleteConntrackRequest,
  dumpConntrackRequest,
  protocolNumber,
} from '#sys/netlink/conntrack.ts'
import { netlinkProtocol, openNetlink } from '#sys/netlink/socket.ts'

/** Costs nothing for a container without UDP ports. */
export function forgetUdpFlows(containerAddress: string, bindings: readonly PortBinding[]): void {
  const udp = bindings.filter(({ protocol }) => protocol === 'udp')
  if (udp.length === 0) return
  const ports = new Set(udp.map(({ hostPort }) => hostPort))
  using netlink = openNetlink(netlinkProtocol.netfilter)
  for (const body of netlink.dump(dumpConntrackRequest(protocolNumber.udp))) {
    const entry = decodeConntrack(body)
    if (entry?.protocol !== protocolNumber.udp) continue
    if (!ports.has(entry.destinationPort) && entry.replySource !== containerAddress) continue
    try {
      netlink.request(deleteConntrackRequest(entry))
    } catch (error) {
      // It may have timed out meanwhile.
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }
}
