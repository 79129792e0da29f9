/** Keeps our rules in force when another program removes them: a flush, a firewall's reload. */
import { errorMessage } from '#base/errors.ts'
import type { NetworkContext } from '#network/context.ts'
import { ensureRules } from '#network/restore.ts'
import { type RuleEvent, watchRules } from '#sys/netlink/rule-events.ts'

/** Where iptables-nft has the chain whose policy decides about our packets too. */
const forwardChain = { table: 'filter', chain: 'FORWARD' } as const

/** Guards from now on, in the network namespace of the calling thread. */
export function guardRules(context: NetworkContext): Disposable {
  return watchRules((event) => {
    try {
      if (mayConcernTable(event, context.options.tableName)) ensureRules(context)
    } catch (error) {
      context.log.error({ reason: errorMessage(error) }, 'firewall rules could not be made again')
    }
    if (mayConcernForwarding(event) && context.bridgeNetwork) {
      void context.forwardAccept.ensure(context.bridgeNetwork.bridge.name)
    }
  })
}

function mayConcernTable(event: RuleEvent, table: string): boolean {
  return event.type === 'overrun' || (event.type === 'table-removed' && event.table === table)
}

function mayConcernForwarding(event: RuleEvent): boolean {
  if (event.type === 'overrun') return true
  const { table, chain } = forwardChain
  return event.type === 'chain-changed' && event.table === table && event.chain === chain
}
