/** Routes: RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE with `struct rtmsg`. */
import {
  attribute,
  decodeAttributes,
  messageFlag,
  u32Attribute,
  type NetlinkRequest,
} from '#sys/netlink/codec.ts'
import { addressFamily, decodeAddress, encodeAddress, familyOf } from '#sys/netlink/inet.ts'

const newRoute = 24
const deleteRoute = 25
const getRoute = 26
const rta = { destination: 1, outputInterface: 4, gateway: 5, table: 15 } as const
const tableMain = 254
const protocolBoot = 3
const scopeUniverse = 0
const scopeLink = 253
const typeUnicast = 1

export interface Route {
  /** Network address; absent for the default route. */
  readonly destination?: string
  readonly prefixLength: number
  readonly gateway?: string
  /** Interface index. */
  readonly output?: number
}

/** A route as the kernel lists it. */
export interface ListedRoute extends Route {
  readonly table: number
  /** RTN_*: 1 unicast, 2 local, 3 broadcast, … */
  readonly type: number
}

export function newRouteRequest(route: Route): NetlinkRequest {
  return {
    type: newRoute,
    flags: messageFlag.create | messageFlag.exclusive,
    action: `add route "${describe(route)}"`,
    body: encodeRoute(route),
  }
}

export function deleteRouteRequest(route: Route): NetlinkRequest {
  return {
    type: deleteRoute,
    flags: 0,
    action: `remove route "${describe(route)}"`,
    body: encodeRoute(route),
  }
}

/** Every IPv4 route of every table. */
export function dumpRoutesRequest(): NetlinkRequest {
  const body = Buffer.alloc(12)
  body[0] = addressFamily.ipv4
  return { type: getRoute, flags: messageFlag.dump, action: 'list routes', body }
}

/** Body of an RTM_NEWROUTE answer. */
export function decodeRoute(body: Buffer): ListedRoute {
  const attributes = decodeAttributes(body.subarray(12))
  const destination = attributes.get(rta.destination)
  const gateway = attributes.get(rta.gateway)
  const output = attributes.get(rta.outputInterface)?.readUInt32LE(0)
  return {
    prefixLength: body.readUInt8(1),
    table: attributes.get(rta.table)?.readUInt32LE(0) ?? body.readUInt8(4),
    type: body.readUInt8(7),
    ...(destination === undefined ? {} : { destination: decodeAddress(destination) }),
    ...(gateway === undefined ? {} : { gateway: decodeAddress(gateway) }),
    ...(output === undefined ? {} : { output }),
  }
}

function encodeRoute(route: Route): Buffer {
  const { destination, gateway, output } = route
  const known = destination ?? gateway
  const family = known === undefined ? addressFamily.ipv4 : familyOf(encodeAddress(known))
  const scope = gateway === undefined ? scopeLink : scopeUniverse
  return Buffer.concat([
    Buffer.from([family, route.prefixLength, 0, 0, tableMain, protocolBoot, scope, typeUnicast]),
    Buffer.alloc(4),
    ...(destination === undefined ? [] : [attribute(rta.destination, encodeAddress(destination))]),
    ...(gateway === undefined ? [] : [attribute(rta.gateway, encodeAddress(gateway))]),
    ...(output === undefined ? [] : [u32Attribute(rta.outputInterface, output)]),
  ])
}

function describe(route: Route): string {
  return route.destination === undefined ? 'default' : `${route.destination}/${route.prefixLength}`
}
