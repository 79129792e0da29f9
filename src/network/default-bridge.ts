/** The default network: its bridge, its addresses, its record. */
import { createAddressAllocator, type AddressAllocator } from '#network/ipam.ts'
import { ensureBridge, type Bridge } from '#network/bridge.ts'
import { formatIpv4, formatSubnet } from '#network/ipv4.ts'
import type { NetworkRecords } from '#network/records.ts'
import type { RuledNetwork } from '#network/rules.ts'
import type { NetworkRecord, NetworksOptions } from '#network/types.ts'
import { defaultAddressPools } from '#network/address-pool.ts'
import type { Netlink } from '#sys/netlink/socket.ts'

/** A network that endpoints can be made on. */
export interface BridgeNetwork {
  readonly record: NetworkRecord
  readonly bridge: Bridge
  readonly addresses: AddressAllocator
  readonly ruled: RuledNetwork
  readonly mtu: number
}

/** Docker's name of it, whatever the bridge is called. */
const networkName = 'bridge'

export function openDefaultBridge(
  netlink: Netlink,
  records: NetworkRecords,
  options: NetworksOptions,
): BridgeNetwork {
  const identity = records.identify(networkName, 'bridge')
  const lastAddress = records.findBridgeAddress(identity.id)
  const bridge = ensureBridge(netlink, {
    name: options.bridge,
    alias: `gantry:${options.tableName}`,
    mtu: options.mtu,
    pools: options.addressPools.length === 0 ? defaultAddressPools : options.addressPools,
    ...(options.bridgeAddress === undefined ? {} : { address: options.bridgeAddress }),
    ...(lastAddress === undefined ? {} : { lastAddress }),
  })
  const gateway = formatIpv4(bridge.gateway)
  const subnet = formatSubnet(bridge.subnet)
  records.saveBridgeAddress(identity.id, `${gateway}/${bridge.subnet.prefixLength}`)
  return {
    bridge,
    mtu: options.mtu,
    addresses: createAddressAllocator(bridge.subnet, bridge.gateway, identity),
    ruled: { bridge: bridge.name, subnet, hasMasquerade: options.hasIpMasquerade },
    record: {
      ...identity,
      labels: {},
      options: driverOptions(options),
      isInternal: false,
      hasIpv6: false,
      ipam: [{ subnet, gateway }],
      bridge: bridge.name,
    },
  }
}

/** The option names that Docker's clients read. */
function driverOptions(options: NetworksOptions): Readonly<Record<string, string>> {
  return {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': 'true',
    'com.docker.network.bridge.enable_ip_masquerade': String(options.hasIpMasquerade),
    'com.docker.network.bridge.host_binding_ipv4': options.defaultHostAddress ?? '0.0.0.0',
    'com.docker.network.bridge.name': options.bridge,
    'com.docker.network.driver.mtu': String(options.mtu),
  }
}

/** `host` and `none`: names that clients list; no endpoint is made on them. */
export function openNullNetworks(records: NetworkRecords): NetworkRecord[] {
  const drivers = [
    ['host', 'host'],
    ['none', 'none'],
  ] as const
  return drivers.map(([name, driver]) => ({
    ...records.identify(name, driver),
    labels: {},
    options: {},
    isInternal: false,
    hasIpv6: false,
    ipam: [],
  }))
}
