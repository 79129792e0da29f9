/** The Linux bridge of a network: made, adopted, removed. */
import { randomBytes } from 'node:crypto'
import { EngineError, errnoOf } from '#base/errors.ts'
import { chooseSubnet } from '#network/address-pool.ts'
import {
  formatIpv4,
  parseCidr,
  parseIpv4,
  subnetOf,
  subnetSize,
  type Subnet,
} from '#network/ipv4.ts'
import type { AddressPool } from '#network/types.ts'
import {
  decodeInterfaceAddress,
  deleteAddressRequest,
  dumpAddressesRequest,
  newAddressRequest,
} from '#sys/netlink/address.ts'
import {
  changeLinkRequest,
  decodeLink,
  getLinkRequest,
  newLinkRequest,
  type Link,
} from '#sys/netlink/link.ts'
import { decodeRoute, dumpRoutesRequest } from '#sys/netlink/route.ts'
import type { Netlink } from '#sys/netlink/socket.ts'

export interface BridgeOptions {
  readonly name: string
  /** Alias of a bridge made by this engine; another bridge of the name is adopted. */
  readonly alias: string
  readonly mtu: number
  /** `172.17.0.1/16`, when the configuration says so. */
  readonly address?: string
  /** What it had last time; used when nothing else has it now. */
  readonly lastAddress?: string
  readonly pools: readonly AddressPool[]
}

export interface Bridge {
  readonly name: string
  readonly index: number
  /** Its own address, the containers' gateway. */
  readonly gateway: number
  readonly subnet: Subnet
  /** False when it was there before us and stays after us. */
  readonly isOurs: boolean
}

/**
 * Gives the bridge of that name, up and with an address.
 * @throws EngineError conflict when the name is another kind of link, resource_exhausted without a free subnet
 */
export function ensureBridge(netlink: Netlink, options: BridgeOptions): Bridge {
  const existing = findLink(netlink, options.name)
  if (existing && existing.kind !== 'bridge') {
    throw new EngineError('conflict', `use bridge "${options.name}": the link is no bridge`)
  }
  const link = existing ?? makeBridge(netlink, options)
  const isOurs = link.alias === options.alias
  const { address, subnet } = settleAddress(netlink, { link, isOurs, options })
  if (!link.isUp) netlink.request(changeLinkRequest(link.index, { isUp: true }))
  return { name: link.name, index: link.index, gateway: address, subnet, isOurs }
}

/** One link by name, or undefined. */
export function findLink(netlink: Netlink, name: string): Link | undefined {
  try {
    return decodeLink(netlink.query(getLinkRequest(name)))
  } catch (error) {
    if (errnoOf(error) === 'ENODEV') return undefined
    throw error
  }
}

function makeBridge(netlink: Netlink, options: BridgeOptions): Link {
  // Without a fixed address of its own a bridge takes that of a port, and changes with each container.
  const macAddress = ['02', '42', ...(randomBytes(4).toString('hex').match(/../g) ?? [])].join(':')
  const { name, mtu, alias } = options
  netlink.request(newLinkRequest({ name, mtu, macAddress, kind: { type: 'bridge' } }))
  const made = decodeLink(netlink.query(getLinkRequest(name)))
  netlink.request(changeLinkRequest(made.index, { alias }))
  return { ...made, alias }
}

interface AddressChoice {
  readonly link: Link
  readonly isOurs: boolean
  readonly options: BridgeOptions
}

function settleAddress(
  netlink: Netlink,
  choice: AddressChoice,
): { readonly address: number; readonly subnet: Subnet } {
  const { link, isOurs, options } = choice
  const present = netlink
    .dump(dumpAddressesRequest())
    .map(decodeInterfaceAddress)
    .filter(({ index, address }) => index === link.index && !address.includes(':'))
  const [first] = present
  if (first && options.address === undefined) {
    return parseCidr(`${first.address}/${first.prefixLength}`)
  }
  const wanted = options.address === undefined ? chooseAddress(netlink, options) : options.address
  const { address, subnet } = parseCidr(wanted)
  checkUsable(wanted, address, subnet)
  const text = formatIpv4(address)
  if (
    present.some((entry) => entry.address === text && entry.prefixLength === subnet.prefixLength)
  ) {
    return { address, subnet }
  }
  if (isOurs) for (const entry of present) netlink.request(deleteAddressRequest(entry))
  const { prefixLength } = subnet
  const broadcast = formatIpv4(subnet.first + subnetSize(subnet) - 1)
  netlink.request(newAddressRequest({ index: link.index, address: text, prefixLength, broadcast }))
  return { address, subnet }
}

function checkUsable(text: string, address: number, subnet: Subnet): void {
  if (subnet.prefixLength <= 30 && address !== subnet.first) return
  throw new EngineError('invalid_argument', `use bridge address "${text}": not a host address`)
}

function chooseAddress(netlink: Netlink, options: BridgeOptions): string {
  const taken = readRoutedSubnets(netlink)
  if (options.lastAddress !== undefined) {
    const last = parseCidr(options.lastAddress).subnet
    const lastPool = {
      base: `${formatIpv4(last.first)}/${last.prefixLength}`,
      size: last.prefixLength,
    }
    if (isFree([lastPool], taken)) return options.lastAddress
  }
  const chosen = chooseSubnet(options.pools, taken)
  return `${formatIpv4(chosen.first + 1)}/${chosen.prefixLength}`
}

function isFree(pools: readonly AddressPool[], taken: readonly Subnet[]): boolean {
  try {
    chooseSubnet(pools, taken)
    return true
  } catch {
    return false
  }
}

/** What this host reaches by a route of its own; the default route covers everything and counts not. */
function readRoutedSubnets(netlink: Netlink): Subnet[] {
  return netlink
    .dump(dumpRoutesRequest())
    .map(decodeRoute)
    .flatMap(({ destination, prefixLength }) =>
      destination === undefined || prefixLength === 0
        ? []
        : [subnetOf(parseIpv4(destination), prefixLength)],
    )
}
