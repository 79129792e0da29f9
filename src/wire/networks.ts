import { bool, list, nullable, object, record, type Static, text } from '#wire/schema.ts'

export const IpamConfigBody = object({}, { Subnet: text, IPRange: text, Gateway: text })
export type IpamConfigBody = Static<typeof IpamConfigBody>

export const IpamBody = object({
  Driver: text,
  Options: nullable(record(text)),
  Config: nullable(list(IpamConfigBody)),
})
export type IpamBody = Static<typeof IpamBody>

/** One endpoint of a network, by container id in `NetworkInspect.Containers`. */
export const EndpointResource = object({
  Name: text,
  EndpointID: text,
  MacAddress: text,
  IPv4Address: text,
  IPv6Address: text,
})
export type EndpointResource = Static<typeof EndpointResource>

/** One row of `GET /networks` and `GET /networks/{id}`. */
export const NetworkInspect = object({
  Name: text,
  Id: text,
  Created: text,
  Scope: text,
  Driver: text,
  EnableIPv4: bool,
  EnableIPv6: bool,
  IPAM: IpamBody,
  Internal: bool,
  Attachable: bool,
  Ingress: bool,
  ConfigFrom: object({ Network: text }),
  ConfigOnly: bool,
  Containers: record(EndpointResource),
  Options: record(text),
  Labels: record(text),
})
export type NetworkInspect = Static<typeof NetworkInspect>

export const NetworksPruneResponse = object({ NetworksDeleted: nullable(list(text)) })
export type NetworksPruneResponse = Static<typeof NetworksPruneResponse>
