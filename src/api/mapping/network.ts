import { formatInstant } from '#base/clock.ts'
import type { Endpoint, NetworkRecord } from '#network/types.ts'
import type { EndpointResource, NetworkInspect } from '#wire/networks.ts'

export interface NetworkFacts {
  /** By container id. */
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly containerName: (containerId: string) => string
}

/** `GET /networks/{id}`; the list rows leave `Containers` empty. */
export function toNetworkInspect(network: NetworkRecord, facts?: NetworkFacts): NetworkInspect {
  return {
    Name: network.name,
    Id: network.id,
    Created: formatInstant(network.createdAt),
    Scope: 'local',
    Driver: network.driver === 'none' ? 'null' : network.driver,
    EnableIPv4: true,
    EnableIPv6: network.hasIpv6,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: network.ipam.map(({ subnet, gateway }) => ({ Subnet: subnet, Gateway: gateway })),
    },
    Internal: network.isInternal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: facts ? toEndpointResources(facts) : {},
    Options: network.options,
    Labels: network.labels,
  }
}

function toEndpointResources(facts: NetworkFacts): Readonly<Record<string, EndpointResource>> {
  const resources: Record<string, EndpointResource> = {}
  for (const [containerId, endpoint] of facts.endpoints) {
    resources[containerId] = {
      Name: facts.containerName(containerId),
      EndpointID: endpoint.endpointId,
      MacAddress: endpoint.macAddress,
      IPv4Address: `${endpoint.ipv4Address}/${endpoint.prefixLength.toString()}`,
      IPv6Address: '',
    }
  }
  return resources
}
