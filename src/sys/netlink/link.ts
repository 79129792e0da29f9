/** Links: RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK of rtnetlink(7), with `struct ifinfomsg`. */
import {
  attribute,
  decodeAttributes,
  decodeText,
  group,
  messageFlag,
  textAttribute,
  u16NetworkAttribute,
  u16Attribute,
  u32Attribute,
  u8Attribute,
  type NetlinkRequest,
} from '#sys/netlink/codec.ts'
import { addressFamily, decodeMac, encodeAddress, encodeMac } from '#sys/netlink/inet.ts'

const newLink = 16
const deleteLink = 17
const getLink = 18
const flagUp = 1

/** IFLA_*: include/uapi/linux/if_link.h */
const ifla = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  info: 18,
  alias: 20,
  namespaceFd: 28,
} as const
const infoKind = 1
const infoData = 2
const infoSlaveKind = 4
const infoSlaveData = 5

export type LinkKind =
  | { readonly type: 'dummy' }
  | { readonly type: 'bridge' }
  /** `peer` is made in the namespace that `namespaceFd` refers to. */
  | { readonly type: 'veth'; readonly peer: LinkSettings & { readonly namespaceFd?: number } }
  | {
      readonly type: 'macvlan'
      readonly parent: number
      readonly mode: 'private' | 'vepa' | 'bridge' | 'passthru'
    }
  | { readonly type: 'ipvlan'; readonly parent: number; readonly mode: 'l2' | 'l3' | 'l3s' }
  | {
      readonly type: 'vxlan'
      readonly vni: number
      readonly port: number
      readonly local?: string
      readonly parent?: number
      readonly learning: boolean
    }

export interface LinkSettings {
  readonly name: string
  readonly mtu?: number
  readonly macAddress?: string
  readonly isUp?: boolean
}

export interface NewLink extends LinkSettings {
  readonly kind: LinkKind
  /** Interface index of the bridge to join. */
  readonly master?: number
  /** Make it in this namespace. */
  readonly namespaceFd?: number
}

export interface LinkChange {
  readonly isUp?: boolean
  readonly mtu?: number
  /** Free text, at most 255 bytes; marks who made the link. */
  readonly alias?: string
  /** 0 leaves the bridge. */
  readonly master?: number
  readonly macAddress?: string
  /** Bridge ports only: frames may leave by the port they came in. */
  readonly hairpin?: boolean
}

export interface Link {
  readonly index: number
  readonly name: string
  readonly isUp: boolean
  readonly mtu: number
  readonly macAddress?: string
  readonly master?: number
  /** veth: the peer's index, in the peer's namespace; macvlan and ipvlan: the parent's. */
  readonly linked?: number
  /** `bridge`, `veth`, …; absent for physical links and loopback. */
  readonly kind?: string
  readonly alias?: string
}

const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const
const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const

export function newLinkRequest(link: NewLink): NetlinkRequest {
  return {
    type: newLink,
    flags: messageFlag.create | messageFlag.exclusive,
    action: `add link "${link.name}"`,
    body: Buffer.concat([
      linkHeader({ isUp: link.isUp }),
      ...parentAttributes(link.kind),
      ...settingAttributes(link),
      ...(link.master === undefined ? [] : [u32Attribute(ifla.master, link.master)]),
      ...(link.namespaceFd === undefined ? [] : [u32Attribute(ifla.namespaceFd, link.namespaceFd)]),
      ...kindAttributes(link.kind),
    ]),
  }
}

/** Changes an existing link, by index. */
export function changeLinkRequest(index: number, change: LinkChange): NetlinkRequest {
  const { alias, hairpin, macAddress, master, mtu } = change
  return {
    type: newLink,
    flags: 0,
    action: `change link ${index}`,
    body: Buffer.concat([
      linkHeader({ index, isUp: change.isUp }),
      ...(mtu === undefined ? [] : [u32Attribute(ifla.mtu, mtu)]),
      ...(macAddress === undefined ? [] : [attribute(ifla.address, encodeMac(macAddress))]),
      ...(master === undefined ? [] : [u32Attribute(ifla.master, master)]),
      ...(alias === undefined ? [] : [attribute(ifla.alias, Buffer.from(alias))]),
      ...(hairpin === undefined ? [] : [portAttributes(hairpin)]),
    ]),
  }
}

export function deleteLinkRequest(index: number): NetlinkRequest {
  return { type: deleteLink, flags: 0, action: `remove link ${index}`, body: linkHeader({ index }) }
}

/** One link, by name. */
export function getLinkRequest(name: string): NetlinkRequest {
  return {
    type: getLink,
    flags: 0,
    action: `get link "${name}"`,
    body: Buffer.concat([linkHeader({}), textAttribute(ifla.name, name)]),
  }
}

export function dumpLinksRequest(): NetlinkRequest {
  return { type: getLink, flags: messageFlag.dump, action: 'list links', body: linkHeader({}) }
}

/** Body of an RTM_NEWLINK answer. */
export function decodeLink(body: Buffer): Link {
  const attributes = decodeAttributes(body.subarray(16))
  const address = attributes.get(ifla.address)
  const linkInfo = attributes.get(ifla.info)
  const kind = linkInfo && decodeText(decodeAttributes(linkInfo).get(infoKind))
  const alias = decodeText(attributes.get(ifla.alias))
  const master = attributes.get(ifla.master)?.readUInt32LE(0)
  const linked = attributes.get(ifla.link)?.readUInt32LE(0)
  return {
    index: body.readInt32LE(4),
    name: decodeText(attributes.get(ifla.name)) ?? '',
    isUp: (body.readUInt32LE(8) & flagUp) !== 0,
    mtu: attributes.get(ifla.mtu)?.readUInt32LE(0) ?? 0,
    ...(address?.length === 6 ? { macAddress: decodeMac(address) } : {}),
    ...(master === undefined ? {} : { master }),
    ...(linked === undefined ? {} : { linked }),
    ...(kind === undefined ? {} : { kind }),
    ...(alias === undefined ? {} : { alias }),
  }
}

function linkHeader(link: { index?: number; isUp?: boolean | undefined }): Buffer {
  const header = Buffer.alloc(16)
  header[0] = addressFamily.unspecified
  header.writeInt32LE(link.index ?? 0, 4)
  header.writeUInt32LE(link.isUp === true ? flagUp : 0, 8)
  header.writeUInt32LE(link.isUp === undefined ? 0 : flagUp, 12)
  return header
}

function settingAttributes(settings: LinkSettings): Buffer[] {
  const attributes = [textAttribute(ifla.name, settings.name)]
  if (settings.mtu !== undefined) attributes.push(u32Attribute(ifla.mtu, settings.mtu))
  if (settings.macAddress !== undefined) {
    attributes.push(attribute(ifla.address, encodeMac(settings.macAddress)))
  }
  return attributes
}

/** The link that a macvlan or ipvlan sits on. */
function parentAttributes(kind: LinkKind): Buffer[] {
  const hasParent = kind.type === 'macvlan' || kind.type === 'ipvlan'
  return hasParent ? [u32Attribute(ifla.link, kind.parent)] : []
}

function kindAttributes(kind: LinkKind): Buffer[] {
  const linkInfo = (...data: readonly Buffer[]) =>
    group(
      ifla.info,
      attribute(infoKind, Buffer.from(kind.type)),
      ...(data.length === 0 ? [] : [group(infoData, ...data)]),
    )
  switch (kind.type) {
    case 'dummy':
    case 'bridge':
      return [linkInfo()]
    case 'veth': {
      const { namespaceFd } = kind.peer
      const peer = [
        linkHeader({ isUp: kind.peer.isUp }),
        ...settingAttributes(kind.peer),
        ...(namespaceFd === undefined ? [] : [u32Attribute(ifla.namespaceFd, namespaceFd)]),
      ]
      return [linkInfo(attribute(1, Buffer.concat(peer)))]
    }
    case 'macvlan':
      return [linkInfo(u32Attribute(1, macvlanModes[kind.mode]))]
    case 'ipvlan':
      return [linkInfo(u16Attribute(1, ipvlanModes[kind.mode]), u16Attribute(2, 0))]
    case 'vxlan':
      return [linkInfo(...vxlanAttributes(kind))]
  }
}

/** IFLA_VXLAN_*: id 1, link 3, local 4 (IPv4) or 17 (IPv6), learning 7, port 15. */
function vxlanAttributes(kind: Extract<LinkKind, { type: 'vxlan' }>): Buffer[] {
  const local = kind.local === undefined ? undefined : encodeAddress(kind.local)
  return [
    u32Attribute(1, kind.vni),
    ...(kind.parent === undefined ? [] : [u32Attribute(3, kind.parent)]),
    ...(local === undefined ? [] : [attribute(local.length === 4 ? 4 : 17, local)]),
    u8Attribute(7, kind.learning ? 1 : 0),
    u16NetworkAttribute(15, kind.port),
  ]
}

/** IFLA_BRPORT_MODE (4) is the hairpin flag. */
function portAttributes(hairpin: boolean): Buffer {
  return group(
    ifla.info,
    attribute(infoSlaveKind, Buffer.from('bridge')),
    group(infoSlaveData, u8Attribute(4, hairpin ? 1 : 0)),
  )
}
