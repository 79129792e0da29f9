/** Addresses of one subnet: a bitmap, lowest free first. Pure. */
import { EngineError } from '#base/errors.ts'
import { formatIpv4, subnetContains, subnetSize, type Subnet } from '#network/ipv4.ts'

export interface AddressAllocator {
  /** The lowest free address. @throws EngineError resource_exhausted */
  allocate(): number
  /** Takes one address. @throws EngineError invalid_argument outside the subnet, conflict when taken */
  reserve(address: number): void
  /** Ignores an address of another subnet, as a container from before a change of it has. */
  release(address: number): void
}

/**
 * Network address, broadcast address and `gateway` are never given out.
 * @param network name and id, for the error
 */
export function createAddressAllocator(
  subnet: Subnet,
  gateway: number,
  network: { readonly name: string; readonly id: string },
): AddressAllocator {
  const size = subnetSize(subnet)
  const taken = new Uint8Array(Math.ceil(size / 8))
  // Everything below is taken, so that a full start of the subnet is not searched again.
  let lowest = 0

  const isTaken = (offset: number) => ((taken[offset >> 3] ?? 0) & (1 << (offset & 7))) !== 0
  const mark = (offset: number) => {
    taken[offset >> 3] = (taken[offset >> 3] ?? 0) | (1 << (offset & 7))
  }

  for (const offset of [0, size - 1, gateway - subnet.first]) mark(offset)

  return {
    allocate() {
      for (let offset = lowest; offset < size; offset++) {
        if (isTaken(offset)) continue
        mark(offset)
        lowest = offset + 1
        return subnet.first + offset
      }
      throw new EngineError(
        'resource_exhausted',
        `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`,
      )
    },
    reserve(address) {
      if (!subnetContains(subnet, address)) {
        throw new EngineError(
          'invalid_argument',
          `no configured subnet contains IP address ${formatIpv4(address)}`,
        )
      }
      const offset = address - subnet.first
      if (isTaken(offset)) throw new EngineError('conflict', 'Address already in use')
      mark(offset)
    },
    release(address) {
      if (!subnetContains(subnet, address)) return
      const offset = address - subnet.first
      taken[offset >> 3] = (taken[offset >> 3] ?? 0) & ~(1 << (offset & 7))
      lowest = Math.min(lowest, offset)
    },
  }
}
