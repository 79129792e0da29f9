/**
 * The policy of one nftables base chain: a single question to nf_tables on a
 * socket of NETLINK_NETFILTER, a tenth of the cost of listing the chain.
 */
import { errnoOf } from '#base/errors.ts'
import { decodeAttributes, textAttribute, type NetlinkRequest } from '#sys/netlink/codec.ts'
import { addressFamily } from '#sys/netlink/inet.ts'
import type { Netlink } from '#sys/netlink/socket.ts'

/** NFNL_SUBSYS_NFTABLES and NFT_MSG_GETCHAIN: include/uapi/linux/netfilter/nf_tables.h */
const getChain = (10 << 8) | 4
const nfta = { table: 1, name: 3, policy: 5 } as const
const policyDrop = 0

export interface ChainName {
  /** Table of family `ip`. */
  readonly table: string
  readonly chain: string
}

export function getChainRequest(name: ChainName): NetlinkRequest {
  return {
    type: getChain,
    flags: 0,
    action: `get chain "${name.table} ${name.chain}"`,
    body: Buffer.concat([
      Buffer.from([addressFamily.ipv4, 0, 0, 0]),
      textAttribute(nfta.table, name.table),
      textAttribute(nfta.name, name.chain),
    ]),
  }
}

/** Undefined for a chain without a policy. */
export function decodeChainPolicy(body: Buffer): 'drop' | 'accept' | undefined {
  const policy = decodeAttributes(body.subarray(4)).get(nfta.policy)
  if (policy === undefined) return undefined
  return policy.readUInt32BE(0) === policyDrop ? 'drop' : 'accept'
}

/** Undefined also when there is no such chain. */
export function findChainPolicy(netlink: Netlink, name: ChainName): 'drop' | 'accept' | undefined {
  try {
    return decodeChainPolicy(netlink.query(getChainRequest(name)))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
