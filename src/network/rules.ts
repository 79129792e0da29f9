/**
 * The text of our nftables table. Pure.
 *
 * One table of family `ip` per engine. Ports are elements of two maps (one
 * looked up by protocol, address and port, one by protocol and port), bridges and
 * subnets are elements of sets: the chains never change, a container only adds
 * and removes elements.
 */
import { isIPv4 } from 'node:net'
import type { PortBinding } from '#network/types.ts'

/** A bridge of ours and what it carries. */
export interface RuledNetwork {
  readonly bridge: string
  /** CIDR. */
  readonly subnet: string
  readonly hasMasquerade: boolean
}

export interface PublishedPorts {
  readonly containerAddress: string
  readonly bindings: readonly PortBinding[]
}

/**
 * Replaces the whole table in one transaction; traffic in between sees the old
 * table or the new one.
 */
export function tableText(
  table: string,
  networks: readonly RuledNetwork[],
  published: readonly PublishedPorts[],
): string {
  return [
    // Adding first makes the deletion valid when there is no such table yet.
    `add table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    ...setLines,
    ...filterLines,
    ...natLines,
    '}',
    ...networks.map((network) => networkElements('add', table, network)),
    ...published.map((ports) => portElements('add', table, ports)),
  ].join('\n')
}

export function deleteTableText(table: string): string {
  return `add table ip ${table}\ndelete table ip ${table}`
}

/** Adds or removes the port elements of one container; empty when it has none that nftables serves. */
export function portElements(
  verb: 'add' | 'delete',
  table: string,
  published: PublishedPorts,
): string {
  const bindings = published.bindings.filter(({ hostAddress }) => isIPv4(hostAddress))
  const target = (binding: PortBinding) =>
    verb === 'add' ? ` : ${published.containerAddress} . ${binding.containerPort}` : ''
  const wild = bindings
    .filter(({ hostAddress }) => hostAddress === '0.0.0.0')
    .map((binding) => `${binding.protocol} . ${binding.hostPort}${target(binding)}`)
  const bound = bindings
    .filter(({ hostAddress }) => hostAddress !== '0.0.0.0')
    .map(
      (binding) =>
        `${binding.protocol} . ${binding.hostAddress} . ${binding.hostPort}${target(binding)}`,
    )
  return [
    ...elements(verb, `ip ${table} published_any`, wild),
    ...elements(verb, `ip ${table} published_at`, bound),
  ].join('\n')
}

export function networkElements(
  verb: 'add' | 'delete',
  table: string,
  network: RuledNetwork,
): string {
  const { bridge, subnet } = network
  return [
    ...elements(verb, `ip ${table} bridges`, [`"${bridge}"`]),
    ...elements(verb, `ip ${table} segments`, [`"${bridge}" . "${bridge}"`]),
    ...elements(verb, `ip ${table} subnets`, [subnet]),
    ...(network.hasMasquerade ? elements(verb, `ip ${table} masqueraded`, [subnet]) : []),
  ].join('\n')
}

function elements(verb: string, set: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : [`${verb} element ${set} { ${entries.join(', ')} }`]
}

const setLines = [
  'set bridges { type ifname; }',
  // A bridge paired with itself: the only way between containers without a published port.
  'set segments { type ifname . ifname; }',
  'set subnets { type ipv4_addr; flags interval; }',
  'set masqueraded { type ipv4_addr; flags interval; }',
  'map published_any { type inet_proto . inet_service : ipv4_addr . inet_service; }',
  'map published_at { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }',
]

/** A chain of every table of ours. */
export const guardChain = 'guard'

const filterLines = [
  `chain ${guardChain} {`,
  'type filter hook prerouting priority raw; policy accept;',
  // Destination NAT comes before the kernel's own check of 127/8, so the check is made here.
  'iifname != "lo" ip daddr 127.0.0.0/8 drop',
  'iifname != "lo" ip saddr 127.0.0.0/8 drop',
  // Container addresses are for their bridge and this host: nobody may route to them.
  'ip daddr @subnets iifname != "lo" iifname != @bridges fib daddr type != local drop',
  '}',
  'chain forward {',
  'type filter hook forward priority filter; policy accept;',
  'iifname . oifname @segments accept',
  'oifname @bridges ct state established,related accept',
  'oifname @bridges ct status dnat accept',
  'oifname @bridges drop',
  'iifname @bridges accept',
  '}',
]

const dnatLines = [
  'dnat ip to meta l4proto . ip daddr . th dport map @published_at',
  'dnat ip to meta l4proto . th dport map @published_any',
]

const natLines = [
  'chain prerouting {',
  'type nat hook prerouting priority dstnat; policy accept;',
  'fib daddr type local meta l4proto { tcp, udp } jump published',
  '}',
  'chain output {',
  'type nat hook output priority -100; policy accept;',
  'fib daddr type local meta l4proto { tcp, udp } jump published',
  '}',
  'chain published {',
  ...dnatLines,
  '}',
  'chain postrouting {',
  'type nat hook postrouting priority srcnat; policy accept;',
  // The answers of these would not come back through this host: same segment, or loopback.
  'oifname @bridges ip saddr @subnets ct status dnat masquerade',
  'oifname @bridges ip saddr 127.0.0.0/8 masquerade',
  'oifname != @bridges ip saddr @masqueraded masquerade',
  '}',
]
