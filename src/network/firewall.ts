/** Applies rules.ts to the kernel: one transaction per change. */
import type { PortBinding } from '#network/types.ts'
import {
  deleteTableText,
  guardChain,
  portElements,
  tableText,
  type PublishedPorts,
  type RuledNetwork,
} from '#network/rules.ts'
import { readSysctl, writeSysctl } from '#network/sysctl.ts'
import { findChainPolicy } from '#sys/netlink/chain-policy.ts'
import type { Netlink } from '#sys/netlink/socket.ts'
import type { Nftables } from '#sys/nftables.ts'

export interface FirewallDeps {
  readonly nftables: Nftables
  /** A netfilter socket. */
  readonly netfilter: Netlink
}

export interface Firewall {
  /** False when another program removed the table. */
  isInForce(): boolean
  /** Swaps the whole table for one with just these; no packet meets a half-made one. */
  replace(networks: readonly RuledNetwork[], published: readonly PublishedPorts[]): void
  publish(containerAddress: string, bindings: readonly PortBinding[]): void
  unpublish(containerAddress: string, bindings: readonly PortBinding[]): void
  /** Drops the table, and what only the table makes safe. */
  remove(bridge: string): void
}

export function createFirewall(deps: FirewallDeps, table: string): Firewall {
  const { nftables, netfilter } = deps
  function change(verb: 'add' | 'delete', ports: PublishedPorts): void {
    const text = portElements(verb, table, ports)
    if (text !== '') nftables.run(text)
  }

  return {
    isInForce: () => findChainPolicy(netfilter, { table, chain: guardChain }) !== undefined,
    replace(networks, published) {
      nftables.run(tableText(table, networks, published))
      // Lets packets from 127.0.0.1 leave by the bridge; only with the table's guard in place.
      for (const { bridge } of networks) writeSysctl(`ipv4/conf/${bridge}/route_localnet`, '1')
    },
    publish: (containerAddress, bindings) => change('add', { containerAddress, bindings }),
    unpublish: (containerAddress, bindings) => change('delete', { containerAddress, bindings }),
    remove(bridge) {
      const setting = `ipv4/conf/${bridge}/route_localnet`
      if (readSysctl(setting) !== undefined) writeSysctl(setting, '0')
      nftables.run(deleteTableText(table))
    },
  }
}
