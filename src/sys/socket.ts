/**
 * Sockets by descriptor, for families and uses that node:net does not know:
 * socket(2), bind(2), listen(2), connect(2), setsockopt(2). Always close-on-exec.
 */
import { checked, libcFunction } from '#sys/ffi.ts'

const socketCall = libcFunction<[family: number, type: number, protocol: number]>(
  'int socket(int family, int type, int protocol)',
)
const bindCall = libcFunction<[fd: number, address: Uint8Array, length: number]>(
  'int bind(int fd, const void *address, uint length)',
)
const listenCall = libcFunction<[fd: number, backlog: number]>('int listen(int fd, int backlog)')
const connectCall = libcFunction<[fd: number, address: Uint8Array, length: number]>(
  'int connect(int fd, const void *address, uint length)',
)
const setOptionCall = libcFunction<
  [fd: number, level: number, option: number, value: Uint8Array, length: number]
>('int setsockopt(int fd, int level, int option, const void *value, uint length)')

const socketTypes = { stream: 1, datagram: 2, raw: 3, seqpacket: 5 } as const
const closeOnExec = 0o2000000
const nonBlocking = 0o4000

export interface SocketOptions {
  readonly family: number
  readonly type: keyof typeof socketTypes
  readonly protocol?: number
  /** Reads wait for an answer; for kernel sockets alone, which give one at once. */
  readonly isBlocking?: boolean
}

/** A new socket of the calling thread's network namespace; the caller closes it. */
export function openSocket({ family, type, protocol = 0, isBlocking }: SocketOptions): number {
  const flags = closeOnExec | (isBlocking === true ? 0 : nonBlocking)
  return checked('open socket', socketCall(family, socketTypes[type] | flags, protocol))
}

/** `name` is the address as people read it, for the error. */
export function bindSocket(fd: number, address: Uint8Array, name: string): void {
  checked('bind', bindCall(fd, address, address.length), name)
}

export function listenOnSocket(fd: number, backlog: number, name: string): void {
  checked('listen on', listenCall(fd, backlog), name)
}

export function connectSocket(fd: number, address: Uint8Array, name: string): void {
  checked('connect', connectCall(fd, address, address.length), name)
}

/** Sets an option whose value is an `int`. */
export function setSocketOption(
  fd: number,
  option: { readonly level: number; readonly name: number },
  value: number,
): void {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  checked('set socket option', setOptionCall(fd, option.level, option.name, bytes, bytes.length))
}
