/** Tells the service manager how far the engine is: sd_notify(3). */
import { writeSync } from 'node:fs'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { closeDescriptor } from '#sys/files.ts'
import { connectSocket, openSocket } from '#sys/socket.ts'
import { encodeUnixAddress } from '#sys/unix-address.ts'

const unixFamily = 1

export type ServiceState = 'READY=1' | 'STOPPING=1'

/** `socketPath` is `NOTIFY_SOCKET`; nothing happens without one. A manager that does not listen is only logged. */
export function notifyServiceManager(
  socketPath: string | undefined,
  state: ServiceState,
  log: Logger,
): void {
  if (socketPath === undefined || socketPath === '') return
  // `@` stands for the NUL of an abstract name, whose length counts.
  const address = socketPath.startsWith('@')
    ? encodeUnixAddress(`\0${socketPath.slice(1)}`).subarray(0, 2 + Buffer.byteLength(socketPath))
    : encodeUnixAddress(socketPath)
  try {
    const fd = openSocket({ family: unixFamily, type: 'datagram' })
    try {
      connectSocket(fd, address, socketPath)
      writeSync(fd, state)
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    log.warn({ socketPath, state, reason: errorMessage(error) }, 'service manager not told')
  }
}
