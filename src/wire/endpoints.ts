import {
  bool,
  integer,
  list,
  literals,
  nullable,
  object,
  partial,
  record,
  type Static,
  text,
} from '#wire/schema.ts'

export const PortBindingBody = partial({ HostIp: text, HostPort: text })
export type PortBindingBody = Static<typeof PortBindingBody>

/** `80/tcp` → host bindings; null = exposed and not published. */
export const PortMap = record(nullable(list(PortBindingBody)))
export type PortMap = Static<typeof PortMap>

/** One published or exposed port in a container list. */
export const PortSummary = object(
  { PrivatePort: integer, Type: literals('tcp', 'udp', 'sctp') },
  { IP: text, PublicPort: integer },
)
export type PortSummary = Static<typeof PortSummary>

export const EndpointIpamConfig = partial({
  IPv4Address: text,
  IPv6Address: text,
  LinkLocalIPs: nullable(list(text)),
})
export type EndpointIpamConfig = Static<typeof EndpointIpamConfig>

/** A container's attachment to one network: wishes in requests, wishes and facts in responses. */
export const EndpointSettings = partial({
  IPAMConfig: nullable(EndpointIpamConfig),
  Links: nullable(list(text)),
  Aliases: nullable(list(text)),
  MacAddress: text,
  DriverOpts: nullable(record(text)),
  GwPriority: integer,
  NetworkID: text,
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: integer,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: integer,
  DNSNames: nullable(list(text)),
})
export type EndpointSettings = Static<typeof EndpointSettings>

export const NetworkingConfig = partial({
  EndpointsConfig: nullable(record(nullable(EndpointSettings))),
})
export type NetworkingConfig = Static<typeof NetworkingConfig>

/** The address fields outside `Networks` are for clients up to 1.51. */
export const NetworkSettings = object(
  {
    SandboxID: text,
    SandboxKey: text,
    Ports: PortMap,
    Networks: record(EndpointSettings),
  },
  {
    Bridge: text,
    HairpinMode: bool,
    LinkLocalIPv6Address: text,
    LinkLocalIPv6PrefixLen: integer,
    SecondaryIPAddresses: nullable(list(text)),
    SecondaryIPv6Addresses: nullable(list(text)),
    EndpointID: text,
    Gateway: text,
    GlobalIPv6Address: text,
    GlobalIPv6PrefixLen: integer,
    IPAddress: text,
    IPPrefixLen: integer,
    IPv6Gateway: text,
    MacAddress: text,
  },
)
export type NetworkSettings = Static<typeof NetworkSettings>
