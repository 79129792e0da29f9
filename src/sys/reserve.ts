/**
 * Holding a host port by a bound socket, so that no other program takes it and
 * one that another program has is seen. The traffic itself need not come to the socket.
 */
import { errnoOf } from '#base/errors.ts'
import { closeDescriptor } from '#sys/files.ts'
import { addressFamily } from '#sys/netlink/inet.ts'
import { encodeSocketAddress } from '#sys/sockaddr.ts'
import { bindSocket, listenOnSocket, openSocket, setSocketOption } from '#sys/socket.ts'

const reuseAddress = { level: 1, name: 2 } as const
const ipv6Only = { level: 41, name: 26 } as const

export interface PortReservation {
  readonly protocol: 'tcp' | 'udp'
  /** IP address of this host, or `0.0.0.0` / `::` for all of its family. */
  readonly address: string
  readonly port: number
}

/** A bound socket; whoever adopts `fd` must not dispose. */
export interface HeldPort extends Disposable {
  readonly fd: number
}

/**
 * Binds the port; a TCP one listens too, since only that refuses a second
 * listener which sets SO_REUSEADDR. Undefined when another program has it.
 * @throws EngineError for any other refusal (EADDRNOTAVAIL, EACCES)
 */
export function reservePort(reservation: PortReservation): HeldPort | undefined {
  const { protocol, address, port } = reservation
  const encoded = encodeSocketAddress(address, port)
  const family = encoded.readUInt16LE(0)
  const name = `${address}:${port}`
  const fd = openSocket({ family, type: protocol === 'tcp' ? 'stream' : 'datagram' })
  try {
    if (family === addressFamily.ipv6) setSocketOption(fd, ipv6Only, 1)
    // Connections of an earlier owner that linger in TIME_WAIT must not block the port.
    if (protocol === 'tcp') setSocketOption(fd, reuseAddress, 1)
    bindSocket(fd, encoded, name)
    if (protocol === 'tcp') listenOnSocket(fd, 0, name)
  } catch (error) {
    closeDescriptor(fd)
    if (errnoOf(error) === 'EADDRINUSE') return undefined
    throw error
  }
  return { fd, [Symbol.dispose]: () => closeDescriptor(fd) }
}
