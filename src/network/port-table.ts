/** Host ports that containers of this engine hold. Pure. */
import { isIPv6 } from 'node:net'
import type { Protocol } from '#network/types.ts'

export interface HostPort {
  readonly protocol: Protocol
  /** `0.0.0.0` and `::` stand for every address of their family. */
  readonly hostAddress: string
  readonly hostPort: number
}

export interface PortTable {
  /** True when the port was free and is now taken. A wildcard meets every address of its family. */
  take(port: HostPort): boolean
  release(port: HostPort): void
}

export function createPortTable(): PortTable {
  const addressesByPort = new Map<string, Set<string>>()

  return {
    take(port) {
      const key = keyOf(port)
      const addresses = addressesByPort.get(key) ?? new Set()
      const wildcard = wildcardOf(port.hostAddress)
      const isMet =
        port.hostAddress === wildcard
          ? addresses.size > 0
          : addresses.has(wildcard) || addresses.has(port.hostAddress)
      if (isMet) return false
      addressesByPort.set(key, addresses.add(port.hostAddress))
      return true
    },
    release(port) {
      const key = keyOf(port)
      const addresses = addressesByPort.get(key)
      addresses?.delete(port.hostAddress)
      if (addresses?.size === 0) addressesByPort.delete(key)
    },
  }
}
export function wildcardOf(address: string): string {
  return isIPv6(address) ? '::' : '0.0.0.0'
}

function keyOf(port: HostPort): string {
  const family = isIPv6(port.hostAddress) ? 6 : 4
  return `${port.protocol}/${family}/${port.hostPort}`
}
