/**
 * Living beside whoever sets the FORWARD policy to DROP (Docker, ufw): in
 * netfilter a packet passes only when every table lets it, so our own table's accept
 * is not enough. The accept rules go to the END of FORWARD: after Docker's own
 * chains, which keep guarding Docker's containers from ours; only the policy is overruled.
 */
import { existsSync, readFileSync } from 'node:fs'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { findChainPolicy } from '#sys/netlink/chain-policy.ts'
import type { Netlink } from '#sys/netlink/socket.ts'
import type { Nftables } from '#sys/nftables.ts'
import { runCommand } from '#sys/process.ts'

export interface ForwardAccept {
  /** Adds what is missing for the bridge. Cheap when nothing is; never throws. */
  ensure(bridge: string): Promise<void>
  remove(bridge: string): Promise<void>
}

const legacyTables = '/proc/thread-self/net/ip_tables_names'
const legacyProgram = '/usr/sbin/iptables-legacy'
const comment = 'gantry'

export function createForwardAccept(deps: {
  readonly nftables: Nftables
  /** A netfilter socket. */
  readonly netfilter: Netlink
  readonly log: Logger
}): ForwardAccept {
  const { nftables, netfilter, log } = deps
  const isDropping = () =>
    findChainPolicy(netfilter, { table: 'filter', chain: 'FORWARD' }) === 'drop'
  const tried = async (what: string, work: () => void | Promise<void>) => {
    try {
      await work()
    } catch (error) {
      log.warn({ what, reason: errorMessage(error) }, 'iptables FORWARD chain left as it is')
    }
  }
  return {
    async ensure(bridge) {
      await tried('accept forwarding', () => {
        if (isDropping()) ensureNft(nftables, bridge)
      })
      if (hasLegacyFilter()) await tried('accept forwarding', () => ensureLegacy(bridge))
    },
    async remove(bridge) {
      await tried('remove forwarding rules', () => removeNft(nftables, bridge))
      if (hasLegacyFilter()) await tried('remove forwarding rules', () => removeLegacy(bridge))
    },
  }
}

function ensureNft(nftables: Nftables, bridge: string): void {
  const chain = listForward(nftables)
  const missing = (['iifname', 'oifname'] as const).filter(
    (side) => !rulesOf(chain, bridge).some((rule) => rule.includes(side)),
  )
  if (missing.length === 0) return
  nftables.run(
    missing
      .map(
        (side) =>
          `add rule ip filter FORWARD ${side} "${bridge}" counter accept comment "${comment}"`,
      )
      .join('\n'),
  )
}

function removeNft(nftables: Nftables, bridge: string): void {
  const commands = rulesOf(listForward(nftables), bridge).flatMap((rule) => {
    const handle = /# handle (\d+)/.exec(rule)?.[1]
    return handle === undefined ? [] : [`delete rule ip filter FORWARD handle ${handle}`]
  })
  if (commands.length > 0) nftables.run(commands.join('\n'))
}

/** Text of iptables-nft's FORWARD chain with handles; empty when there is none. */
function listForward(nftables: Nftables): string {
  try {
    return nftables.run('list chain ip filter FORWARD')
  } catch {
    return ''
  }
}

function rulesOf(chain: string, bridge: string): string[] {
  return chain
    .split('\n')
    .filter((line) => line.includes(`"${bridge}"`) && line.includes(`comment "${comment}"`))
}

/** The old kernel interface, which iptables-legacy uses; its tables are apart from nftables. */
function hasLegacyFilter(): boolean {
  if (!existsSync(legacyTables) || !existsSync(legacyProgram)) return false
  return readFileSync(legacyTables, 'utf8').split('\n').includes('filter')
}

function legacyRules(bridge: string): string[][] {
  return ['-i', '-o'].map((side) => {
    return ['FORWARD', side, bridge, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT']
  })
}

async function ensureLegacy(bridge: string): Promise<void> {
  const { stdout } = await runCommand(legacyProgram, ['-w', '-S', 'FORWARD'])
  if (!stdout.toString().includes('-P FORWARD DROP')) return
  for (const rule of legacyRules(bridge)) {
    const { code } = await runCommand(legacyProgram, ['-w', '-C', ...rule])
    if (code !== 0) await runCommand(legacyProgram, ['-w', '-A', ...rule])
  }
}

async function removeLegacy(bridge: string): Promise<void> {
  for (const rule of legacyRules(bridge)) await runCommand(legacyProgram, ['-w', '-D', ...rule])
}
