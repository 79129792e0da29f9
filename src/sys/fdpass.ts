/** Receives a descriptor over a unix socket: SCM_RIGHTS of unix(7). */
import { rmSync } from 'node:fs'
import koffi from 'koffi'
import { checked, libcFunction } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'
import { EngineError } from '#base/errors.ts'
import { watchReadable } from '#sys/poller.ts'
import { bindSocket, listenOnSocket, openSocket } from '#sys/socket.ts'
import { withUnixAddress } from '#sys/unix-address.ts'

const acceptCall = libcFunction<[fd: number, address: null, length: null, flags: number]>(
  'int accept4(int fd, void *address, void *length, int flags)',
)
const recvmsgCall = libcFunction<[fd: number, message: Uint8Array, flags: number]>(
  'long recvmsg(int fd, void *message, int flags)',
)

const unixFamily = 1
/** Larger than what V8 keeps on its moving heap, so the addresses stay valid. */
const bufferBytes = 256

export interface DescriptorListener extends Disposable {
  /** The descriptor that the first client sends; close-on-exec, the caller's to close. */
  receive(): Promise<number>
}

/** Listens at `path` (any length) for one client that sends one descriptor. Disposal removes the path. */
export function listenForDescriptor(path: string): DescriptorListener {
  const listener = openSocket({ family: unixFamily, type: 'stream' })
  const open = [listener]
  try {
    withUnixAddress(path, (address) => bindSocket(listener, address, path))
    listenOnSocket(listener, 1, path)
  } catch (error) {
    closeDescriptor(listener)
    throw error
  }
  const watches = new DisposableStack()
  const waitFor = async (fd: number) => {
    await watches.use(watchReadable(fd)).ready
    // Disposed of in the same turn: the number may be another's by now.
    if (watches.disposed) throw new EngineError('cancelled', 'receive descriptor: cancelled')
  }
  return {
    async receive() {
      await waitFor(listener)
      const client = checked('accept', acceptCall(listener, null, null, 0o2004000), path)
      open.push(client)
      await waitFor(client)
      return receiveDescriptor(client)
    },
    [Symbol.dispose]() {
      watches.dispose()
      for (const fd of open.splice(0)) closeDescriptor(fd)
      rmSync(path, { force: true })
    },
  }
}

/**
 * One recvmsg(2) of at most one byte and one descriptor. The header is laid out
 * as 64-bit Linux has `struct msghdr`, `iovec` and `cmsghdr`.
 */
function receiveDescriptor(socket: number): number {
  const closeOnExec = 0x40000000
  const payload = Buffer.alloc(bufferBytes)
  const control = Buffer.alloc(bufferBytes)
  const vector = Buffer.alloc(bufferBytes)
  vector.writeBigUInt64LE(koffi.address(payload), 0)
  vector.writeBigUInt64LE(BigInt(bufferBytes), 8)
  const message = Buffer.alloc(bufferBytes)
  message.writeBigUInt64LE(koffi.address(vector), 16)
  message.writeBigUInt64LE(1n, 24)
  message.writeBigUInt64LE(koffi.address(control), 32)
  message.writeBigUInt64LE(BigInt(bufferBytes), 40)
  checked('receive descriptor', recvmsgCall(socket, message, closeOnExec))
  return decodeControl(control, Number(message.readBigUInt64LE(40)))
}

/**
 * The descriptor in a SCM_RIGHTS control message of `length` bytes.
 * @throws EngineError data_loss when there is none
 */
export function decodeControl(control: Buffer, length: number): number {
  const socketLevel = 1
  const rights = 1
  const isDescriptor =
    length >= 20 && control.readInt32LE(8) === socketLevel && control.readInt32LE(12) === rights
  if (!isDescriptor) throw new EngineError('data_loss', 'receive descriptor: none was sent')
  return control.readInt32LE(16)
}
