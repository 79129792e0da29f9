/** Which subnet a new bridge gets. Pure. */
import { EngineError } from '#base/errors.ts'
import { formatSubnet, parseCidr, subnetsOverlap, type Subnet } from '#network/ipv4.ts'
import type { AddressPool } from '#network/types.ts'

/** Docker's defaults, in its order: 172.17–31.0.0/16, then 192.168.0.0/16 cut in /20. */
export const defaultAddressPools: readonly AddressPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
]

/**
 * The first subnet of the pools that overlaps nothing in `taken` (host routes
 * and our other networks). @throws EngineError resource_exhausted, invalid_argument
 */
export function chooseSubnet(pools: readonly AddressPool[], taken: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    for (const candidate of cutPool(pool)) {
      if (!taken.some((subnet) => subnetsOverlap(subnet, candidate))) return candidate
    }
  }
  throw new EngineError(
    'resource_exhausted',
    'all predefined address pools have been fully subnetted',
    { hint: 'give the engine more room with --default-address-pool, or an address with --bip' },
  )
}

function* cutPool(pool: AddressPool): Generator<Subnet> {
  const { subnet } = parseCidr(pool.base)
  if (!Number.isInteger(pool.size) || pool.size < subnet.prefixLength || pool.size > 30) {
    throw new EngineError(
      'invalid_argument',
      `invalid pool size ${pool.size} for ${formatSubnet(subnet)}`,
    )
  }
  const step = 2 ** (32 - pool.size)
  const end = subnet.first + 2 ** (32 - subnet.prefixLength)
  for (let first = subnet.first; first < end; first += step) {
    yield { first, prefixLength: pool.size }
  }
}
