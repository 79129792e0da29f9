/**
 * Lets the main loop watch descriptors that node:net does not take by itself
 * (pidfds, SOCK_SEQPACKET, pty masters), without a thread per descriptor or a
 * thread at all: a `net.Socket` is opened on a throwaway socket, and dup3(2)
 * puts the wanted file under the same number before the loop first polls it.
 */
import { type OnReadOpts, Socket } from 'node:net'
import { checked, libcFunction } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'

const socketpair = libcFunction<[domain: number, type: number, protocol: number, fds: Uint8Array]>(
  'int socketpair(int domain, int type, int protocol, void *fds)',
)
const dup3 = libcFunction<[from: number, to: number, flags: number]>(
  'int dup3(int from, int to, int flags)',
)
const epollCreate = libcFunction<[flags: number]>('int epoll_create1(int flags)')
const epollControl = libcFunction<
  [epoll: number, operation: number, fd: number, event: Uint8Array]
>('int epoll_ctl(int epoll, int operation, int fd, void *event)')

const epollAdd = 1
const epollIn = 1
const unixStreamCloseOnExec = 1 | 0o2000000
const closeOnExec = 0o2000000

export interface AdoptOptions {
  /** Called once for each read(2), so packet boundaries survive. */
  readonly onread?: OnReadOpts
}

/**
 * Hands `fd` to the main loop as a socket; `fd` itself is closed. Reads are
 * read(2), writes are write(2), `end()` is shutdown(SHUT_WR).
 */
export function adoptDescriptor(fd: number, options: AdoptOptions = {}): Socket {
  const pair = Buffer.alloc(8)
  checked('open socket pair', socketpair(1, unixStreamCloseOnExec, 0, pair))
  const host = pair.readInt32LE(0)
  closeDescriptor(pair.readInt32LE(4))
  const socket = new Socket({ ...options, fd: host, allowHalfOpen: true })
  // The peer end is gone already; no poll happens between here and the swap.
  checked('replace descriptor', dup3(fd, host, closeOnExec))
  closeDescriptor(fd)
  return socket
}

export interface ReadableWatch extends Disposable {
  /** Settles when poll(2) would report input or a hang-up. Never rejects; never settles once disposed of. */
  readonly ready: Promise<void>
}

/**
 * Waits for input on any pollable descriptor without reading from it: a pidfd
 * (the process ended), a listening socket, a socket whose ancillary data matters.
 * An epoll instance is itself pollable and cannot be read: its failing read is
 * the notice. `fd` stays open and is the caller's.
 */
export function watchReadable(fd: number): ReadableWatch {
  const epoll = checked('open epoll', epollCreate(closeOnExec))
  const event = Buffer.alloc(16)
  event.writeUInt32LE(epollIn, 0)
  try {
    checked('watch descriptor', epollControl(epoll, epollAdd, fd, event))
  } catch (error) {
    closeDescriptor(epoll)
    throw error
  }
  const socket = adoptDescriptor(epoll)
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('error', () => resolve())
  socket.resume()
  return { ready: promise, [Symbol.dispose]: () => void socket.destroy() }
}
