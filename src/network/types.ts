/**
 * Networks, sandboxes and endpoints.
 *
 * Life of a sandbox: `createSandbox` makes a network namespace (pinned by a
 * bind mount under the exec root) for a container that starts; `connect` gives it an
 * endpoint on a network: address from ipam, veth pair, bridge port, routes,
 * published ports as map elements of our nftables table, in one transaction;
 * `removeSandbox` gives everything back. Records live in the metadata store, so
 * that `restore` after a crash re-reserves what running containers hold and
 * removes the rest. The planner (ipam, rules, port choice) is pure; appliers
 * call sys/.
 */
import type { Instant } from '#base/clock.ts'

export interface NetworkRecord {
  readonly id: string
  readonly name: string
  readonly driver: 'bridge' | 'host' | 'none'
  readonly createdAt: Instant
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly isInternal: boolean
  readonly hasIpv6: boolean
  readonly ipam: readonly IpamConfig[]
  /** Linux bridge interface for driver `bridge`. */
  readonly bridge?: string
}

export interface IpamConfig {
  /** CIDR, network address: `172.17.0.0/16`. */
  readonly subnet: string
  readonly gateway: string
}

export type Protocol = 'tcp' | 'udp'

/** What the user asked for with `-p`. */
export interface PortRequest {
  readonly protocol: Protocol
  readonly containerPort: number
  /** `0.0.0.0` and `::` both when absent. */
  readonly hostAddress?: string
  /** Undefined = an ephemeral port; a range = the first free one in it. */
  readonly hostPort?: { readonly first: number; readonly last: number }
}

/** What it got. */
export interface PortBinding {
  readonly protocol: Protocol
  readonly containerPort: number
  readonly hostAddress: string
  readonly hostPort: number
}

export interface Sandbox {
  readonly containerId: string
  /** Path for the OCI spec's network namespace; undefined = the host's. */
  readonly netnsPath: string | undefined
}

export interface ConnectOptions {
  readonly network: string
  readonly ports: readonly PortRequest[]
  /** The lowest free one when absent. */
  readonly ipv4Address?: string
  /** Derived from the IPv4 address when absent. */
  readonly macAddress?: string
  readonly aliases: readonly string[]
}

export interface Endpoint {
  readonly endpointId: string
  readonly networkId: string
  readonly networkName: string
  readonly ipv4Address: string
  readonly prefixLength: number
  readonly gateway: string
  readonly macAddress: string
  readonly interfaceName: string
  readonly aliases: readonly string[]
  readonly ports: readonly PortBinding[]
}

/** Something that happened to a network, for the event stream. */
export interface NetworkEvent {
  readonly action: 'create' | 'connect' | 'disconnect'
  readonly networkId: string
  /** name and type (the driver); `container` for connect and disconnect. */
  readonly attributes: Readonly<Record<string, string>>
}

export interface Networks extends AsyncDisposable {
  list(): readonly NetworkRecord[]
  /** By name, id or unique id prefix. @throws not_found "network x not found" */
  get(nameOrId: string): NetworkRecord
  /** The endpoints of one network by container id, for inspect. */
  endpoints(networkId: string): ReadonlyMap<string, Endpoint>
  createSandbox(containerId: string): Promise<Sandbox>
  /** @throws EngineError conflict "Bind for 0.0.0.0:80 failed: port is already allocated"; nothing stays half-made */
  connect(sandbox: Sandbox, options: ConnectOptions): Promise<Endpoint>
  /**
   * Ports, addresses, rules, links and the namespace. Idempotent; goes on after a
   * failure and throws one AggregateError at the end.
   */
  removeSandbox(containerId: string): Promise<void>
  /**
   * After a start of the engine: keeps the sandboxes of `runningIds` (re-reserving
   * addresses and ports, rebuilding the nftables table from records) and removes
   * the others, with strays that no record owns. Published ports answer
   * throughout. Closing (`Symbol.asyncDispose`) leaves what running containers use; with
   * none, the bridge made by this engine and the nftables table go too.
   */
  restore(runningIds: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly Endpoint[]>>
}

export interface NetworksOptions {
  readonly execRoot: string
  /** Name of the default bridge: `gantry0`. `none` = no default bridge network. */
  readonly bridge: string
  /** Address and prefix of the default bridge, from `--bip` or the pools. */
  readonly bridgeAddress?: string
  readonly addressPools: readonly AddressPool[]
  /** nftables table of this engine, derived from its exec root or bridge so that engines do not meet. */
  readonly tableName: string
  readonly mtu: number
  readonly hasIpForward: boolean
  readonly hasIpMasquerade: boolean
  /** Default host address for `-p` (`--ip`). */
  readonly defaultHostAddress?: string
}

export interface AddressPool {
  /** CIDR to cut subnets from. */
  readonly base: string
  /** Prefix length of each subnet. */
  readonly size: number
}
