import { shortId } from '#base/ids.ts'
import type { ContainerRecord, NetworkMode } from '#container/types.ts'
import type { Endpoint } from '#network/types.ts'
import { toBoundPortMap } from '#api/mapping/ports.ts'
import { runOf } from '#api/mapping/state.ts'
import type { EndpointSettings } from '#wire/containers.ts'
import type { NetworkSettings } from '#wire/endpoints.ts'

/** Finds a network's id by name; undefined when it is gone. */
export type FindNetworkId = (name: string) => string | undefined

/** `NetworkSettings.Networks`: facts while it runs, wishes while it does not. */
export function toEndpointMap(
  record: ContainerRecord,
  findNetworkId: FindNetworkId,
): Readonly<Record<string, EndpointSettings>> {
  const { networkMode } = record.spec.host
  const endpoints = runOf(record)?.endpoints ?? []
  if (endpoints.length > 0) {
    return Object.fromEntries(
      endpoints.map((endpoint) => [endpoint.networkName, toEndpoint(record, endpoint)]),
    )
  }
  const name = networkName(networkMode)
  if (name === undefined) return {}
  return {
    [name]: { ...emptyEndpoint, ...wishes(record), NetworkID: findNetworkId(name) ?? '' },
  }
}

/** The network that a mode attaches to; undefined for a shared sandbox. */
export function networkName(mode: NetworkMode): string | undefined {
  switch (mode.type) {
    case 'network':
      return mode.name
    case 'host':
    case 'none':
      return mode.type
    case 'container':
      return undefined
  }
}

/** `HostConfig.NetworkMode`. */
export function formatNetworkMode(mode: NetworkMode): string {
  return mode.type === 'container' ? `container:${mode.container}` : (networkName(mode) ?? '')
}

export interface NetworkSettingsOptions {
  /** Repeat the default bridge's addresses outside `Networks`, for clients up to 1.51. */
  readonly hasLegacyFields: boolean
  readonly sandboxKey: string
}

/** `NetworkSettings` of inspect. */
export function toNetworkSettings(
  record: ContainerRecord,
  findNetworkId: FindNetworkId,
  options: NetworkSettingsOptions,
): NetworkSettings {
  const run = runOf(record)
  const bindings = run?.endpoints.flatMap((endpoint) => endpoint.ports) ?? []
  const settings = {
    SandboxID: run ? record.id : '',
    SandboxKey: run ? options.sandboxKey : '',
    Ports: run ? toBoundPortMap(exposedPorts(record), bindings) : {},
  }
  const Networks = toEndpointMap(record, findNetworkId)
  if (!options.hasLegacyFields) return { ...settings, Networks }
  return { ...legacyFields(run?.endpoints), ...settings, Networks }
}

/** Ports that the image or the user exposed, and those that are published. */
export function exposedPorts(record: ContainerRecord) {
  const { exposedPorts: exposed, host } = record.spec
  const published = host.ports.map(({ containerPort, protocol }) => ({
    port: containerPort,
    protocol,
  }))
  return [...exposed, ...published]
}

function toEndpoint(record: ContainerRecord, endpoint: Endpoint): EndpointSettings {
  const isDefault = endpoint.networkName === 'bridge'
  return {
    ...emptyEndpoint,
    ...wishes(record),
    MacAddress: endpoint.macAddress,
    NetworkID: endpoint.networkId,
    EndpointID: endpoint.endpointId,
    Gateway: endpoint.gateway,
    IPAddress: endpoint.ipv4Address,
    IPPrefixLen: endpoint.prefixLength,
    DNSNames: isDefault ? null : [record.name, ...endpoint.aliases, shortId(record.id)],
  }
}

function wishes(record: ContainerRecord) {
  const { networkAliases, ipv4Address } = record.spec.host
  return {
    Aliases: networkAliases.length > 0 ? networkAliases : null,
    IPAMConfig: ipv4Address === undefined ? null : { IPv4Address: ipv4Address },
  }
}

const emptyEndpoint = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  MacAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
} satisfies EndpointSettings

function legacyFields(endpoints: readonly Endpoint[] | undefined) {
  const endpoint = endpoints?.find(({ networkName: name }) => name === 'bridge')
  return {
    Bridge: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: endpoint?.ipv4Address ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: '',
    MacAddress: endpoint?.macAddress ?? '',
  }
}
