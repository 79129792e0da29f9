/** Client side of SOCK_SEQPACKET unix sockets: packets in order, boundaries kept. */
import type { Socket } from 'node:net'
import { closeDescriptor } from '#sys/files.ts'
import { adoptDescriptor } from '#sys/poller.ts'
import { connectSocket, openSocket, setSocketOption } from '#sys/socket.ts'
import { withUnixAddress } from '#sys/unix-address.ts'

const unixFamily = 1
const receiveBuffer = { level: 1, name: 8 } as const
const receiveBufferBytes = 1 << 20

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
  const fd = openSocket({ family: unixFamily, type: 'seqpacket' })
  try {
    withUnixAddress(path, (address) => connectSocket(fd, address, path))
    setSocketOption(fd, receiveBuffer, receiveBufferBytes)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  return adoptDescriptor(fd, {
    onread: { buffer: reader.buffer, callback: (length) => reader.onPacket(length) },
  })
}
