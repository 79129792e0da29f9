/** Addresses of unix sockets: unix(7). */
import { constants, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { closeDescriptor } from '#sys/files.ts'

const unixFamily = 1
/** sizeof(struct sockaddr_un); the path and its NUL share 108 bytes. */
const addressBytes = 110

/**
 * Calls `use` with the address of a socket whose path may be longer than the
 * 108 bytes of an address: it is named through a descriptor of its directory.
 */
export function withUnixAddress<T>(path: string, use: (address: Uint8Array) => T): T {
  const directory = openSync(dirname(path), constants.O_DIRECTORY)
  try {
    return use(encodeUnixAddress(`/proc/self/fd/${directory}/${basename(path)}`))
  } finally {
    closeDescriptor(directory)
  }
}

/** `struct sockaddr_un`. */
export function encodeUnixAddress(path: string): Uint8Array {
  const address = Buffer.alloc(addressBytes)
  address.writeUInt16LE(unixFamily, 0)
  address.write(path, 2, addressBytes - 3)
  return address
}
