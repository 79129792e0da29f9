/** Client side of SOCK_SEQPACKET unix sockets: packets in order, boundaries kept. */
import type { Socket } from 'node:net'
import { checked, libcFunction } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'
import { adoptDescriptor } from '#sys/poller.ts'
import { withUnixAddress } from '#sys/unix-address.ts'

const socketCall = libcFunction<[domain: number, type: number, protocol: number]>(
  'int socket(int domain, int type, int protocol)',
)
const connectCall = libcFunction<[fd: number, address: Uint8Array, length: number]>(
  'int connect(int fd, const void *address, uint length)',
)
const setsockopt = libcFunction<
  [fd: number, level: number, name: number, value: Uint8Array, length: number]
>('int setsockopt(int fd, int level, int name, const void *value, uint length)')

/** SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK */
const seqpacketType = 5 | 0o2000000 | 0o4000

export interface PacketReader {
  /** Memory for the next packet; must hold the largest one. */
  readonly buffer: () => Uint8Array
  /** A packet of `length` bytes lies in the buffer; false pauses until `resume()`. */
  readonly onPacket: (length: number) => boolean
}

/**
 * Connects to `path`, whatever its length. Each write(2) of the socket is one packet:
 * wait for a write's callback before the next, or they are merged.
 * @throws EngineError not_found (ENOENT), unavailable (ECONNREFUSED, EAGAIN when its backlog is full)
 */
export function connectSeqpacket(path: string, reader: PacketReader): Socket {
  const fd = checked('open socket', socketCall(1, seqpacketType, 0))
  try {
    withUnixAddress(path, (address) =>
      checked('connect', connectCall(fd, address, address.length), path),
    )
    enlargeReceiveBuffer(fd)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  return adoptDescriptor(fd, {
    onread: { buffer: reader.buffer, callback: (length) => reader.onPacket(length) },
  })
}

function enlargeReceiveBuffer(fd: number): void {
  const socketLevel = 1
  const receiveBuffer = 8
  const size = Buffer.alloc(4)
  size.writeInt32LE(1 << 20, 0)
  setsockopt(fd, socketLevel, receiveBuffer, size, size.length)
}
