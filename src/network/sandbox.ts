/** Network namespaces of containers, and the veth pairs that lead into them. */
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'
import { findLink, type Bridge } from '#network/bridge.ts'
import { writeSysctl, readSysctl } from '#network/sysctl.ts'
import type { Endpoint } from '#network/types.ts'
import { newAddressRequest } from '#sys/netlink/address.ts'
import {
  changeLinkRequest,
  decodeLink,
  deleteLinkRequest,
  dumpLinksRequest,
  getLinkRequest,
  newLinkRequest,
} from '#sys/netlink/link.ts'
import { newRouteRequest } from '#sys/netlink/route.ts'
import { openNetlink, type Netlink } from '#sys/netlink/socket.ts'
import {
  createNetworkNamespace,
  insideNetworkNamespace,
  removeNetworkNamespace,
} from '#sys/netns.ts'

const loopbackIndex = 1

export interface Sandboxes {
  path(containerId: string): string
  /**
   * Loopback up, IPv6 off: no network of ours has IPv6. Takes the place of a
   * namespace that an earlier removal failed to remove.
   */
  create(containerId: string): void
  /** Idempotent. */
  remove(containerId: string): void
  /** Ids that have a namespace pinned under the exec root. */
  list(): string[]
}

export function createSandboxes(execRoot: string): Sandboxes {
  const directory = join(execRoot, 'netns')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = (containerId: string) => join(directory, containerId)
  return {
    path,
    create(containerId) {
      if (existsSync(path(containerId))) removeNetworkNamespace(path(containerId))
      createNetworkNamespace(path(containerId), () => {
        disableIpv6()
        using inside = openNetlink()
        inside.request(changeLinkRequest(loopbackIndex, { isUp: true }))
      })
    },
    remove: (containerId) => removeNetworkNamespace(path(containerId)),
    list: () => readdirSync(directory),
  }
}

function disableIpv6(): void {
  // For links made later only: the loopback keeps ::1, which programs listening on localhost expect.
  const setting = 'ipv6/conf/default/disable_ipv6'
  if (readSysctl(setting) !== undefined) writeSysctl(setting, '1')
}

/** Text on the host end of a pair that tells engine and container, to find strays. */
export function linkAlias(table: string, containerId: string): string {
  return `gantry:${table}:${containerId}`
}

/** A fresh name for a host end, of the form that Docker's tools look for. */
export function newHostInterfaceName(): string {
  return `veth${randomBytes(4).toString('hex').slice(0, 7)}`
}

export interface PairOptions {
  readonly namespacePath: string
  readonly bridge: Bridge
  readonly hostInterface: string
  readonly alias: string
  readonly mtu: number
  readonly endpoint: Pick<
    Endpoint,
    'interfaceName' | 'ipv4Address' | 'prefixLength' | 'gateway' | 'macAddress'
  >
}

/** Makes the pair, its inner end inside the namespace, with address and default route. */
export function createPair(host: Netlink, options: PairOptions): void {
  const { bridge, endpoint, hostInterface, mtu } = options
  const namespaceFd = openSync(options.namespacePath, 'r')
  try {
    const { interfaceName: name, macAddress } = endpoint
    const peer = { name, macAddress, mtu, namespaceFd }
    const kind = { type: 'veth', peer } as const
    const master = bridge.index
    host.request(newLinkRequest({ name: hostInterface, mtu, isUp: true, master, kind }))
  } finally {
    closeSync(namespaceFd)
  }
  const { index, linked } = decodeLink(host.query(getLinkRequest(hostInterface)))
  if (linked === undefined) throw new EngineError('internal', `link "${hostInterface}" has no peer`)
  // With br_netfilter, a container that calls itself by a published port is answered on its own port.
  host.request(changeLinkRequest(index, { alias: options.alias, hairpin: true }))
  using inside = insideNetworkNamespace(options.namespacePath, () => openNetlink())
  configureInside(inside, linked, endpoint)
}

function configureInside(inside: Netlink, index: number, endpoint: PairOptions['endpoint']): void {
  const { ipv4Address: address, prefixLength, gateway } = endpoint
  inside.request(newAddressRequest({ index, address, prefixLength }))
  inside.request(changeLinkRequest(index, { isUp: true }))
  inside.request(newRouteRequest({ prefixLength: 0, gateway, output: index }))
}

/**
 * Takes the host end off the bridge: from here on the address can be given out again.
 * The pair itself goes with its namespace, which the kernel frees in the background; removing the link
 * here would wait for that (20 ms). Idempotent.
 */
export function detachPair(host: Netlink, hostInterface: string): void {
  const link = findLink(host, hostInterface)
  if (link) host.request(changeLinkRequest(link.index, { master: 0 }))
}

/** Puts the host end on the bridge again, when somebody made the bridge anew. False without such a link. */
export function reattachPair(host: Netlink, hostInterface: string, bridge: Bridge): boolean {
  const link = findLink(host, hostInterface)
  if (!link) return false
  if (link.master !== bridge.index) {
    host.request(changeLinkRequest(link.index, { master: bridge.index, isUp: true }))
    host.request(changeLinkRequest(link.index, { hairpin: true }))
  }
  return true
}

/** Removes links of this engine whose container is not in `keep`; gives their names. */
export function removeStrayLinks(
  host: Netlink,
  table: string,
  keep: ReadonlySet<string>,
): string[] {
  const prefix = linkAlias(table, '')
  const strays = host
    .dump(dumpLinksRequest())
    .map(decodeLink)
    .filter(({ alias, kind }) => kind === 'veth' && alias?.startsWith(prefix) === true)
    .filter(({ alias = '' }) => !keep.has(alias.slice(prefix.length)))
  for (const { index } of strays) removeLink(host, index)
  return strays.map(({ name }) => name)
}

/** Removes a link that may be gone already. */
export function removeLink(host: Netlink, index: number): void {
  try {
    host.request(deleteLinkRequest(index))
  } catch (error) {
    if (errnoOf(error) !== 'ENODEV') throw error
  }
}
