/**
 * Holding a host port by a bound socket, so that no other program takes it and
 * one that another program has is seen. The traffic itself need not come to the socket.
 */
import { errnoOf } from '#base/errors.ts'
import { checked, libcFunction } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'
import { addressFamily } from '#sys/netlink/inet.ts'
import { encodeSocketAddress } from '#sys/sockaddr.ts'

const socketCall = libcFunction<[domain: number, type: number, protocol: number]>(
  'int socket(int domain, int type, int protocol)',
)
const bindCall = libcFunction<[fd: number, address: Uint8Array, size: number]>(
  'int bind(int fd, const void *address, uint size)',
)
const listenCall = libcFunction<[fd: number, backlog: number]>('int listen(int fd, int backlog)')
const setsockoptCall = libcFunction<
  [fd: number, level: number, option: number, value: Uint8Array, size: number]
>('int setsockopt(int fd, int level, int option, const void *value, uint size)')

const stream = 1
const datagram = 2
const nonBlockingCloexec = 0o2004000
const solSocket = 1
const soReuseAddress = 2
const ipprotoIpv6 = 41
const ipv6Only = 26

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
  const type = (protocol === 'tcp' ? stream : datagram) | nonBlockingCloexec
  const fd = checked('open socket', socketCall(family, type, 0))
  try {
    if (family === addressFamily.ipv6) enable(fd, ipprotoIpv6, ipv6Only)
    // Connections of an earlier owner that linger in TIME_WAIT must not block the port.
    if (protocol === 'tcp') enable(fd, solSocket, soReuseAddress)
    checked('bind', bindCall(fd, encoded, encoded.length), `${address}:${port}`)
    if (protocol === 'tcp') checked('listen on', listenCall(fd, 0), `${address}:${port}`)
  } catch (error) {
    closeDescriptor(fd)
    if (errnoOf(error) === 'EADDRINUSE') return undefined
    throw error
  }
  return { fd, [Symbol.dispose]: () => closeDescriptor(fd) }
}

function enable(fd: number, level: number, option: number): void {
  const one = Buffer.from([1, 0, 0, 0])
  checked('set socket option', setsockoptCall(fd, level, option, one, one.length))
}
