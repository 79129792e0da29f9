/** Taking over what an earlier engine left: keep the running containers' networking, remove the rest. */
import { errorMessage } from '#base/errors.ts'
import type { NetworkContext } from '#network/context.ts'
import { formatIpv4, parseIpv4, subnetContains } from '#network/ipv4.ts'
import type { StoredEndpoint } from '#network/records.ts'
import type { PublishedPorts } from '#network/rules.ts'
import { reattachPair, removeStrayLinks } from '#network/sandbox.ts'
import type { Endpoint } from '#network/types.ts'

/** The table for these endpoints, as one swap: what is published keeps answering. */
export function replaceRules(context: NetworkContext, endpoints: readonly StoredEndpoint[]): void {
  const network = context.bridgeNetwork
  if (!network) return
  context.firewall.replace([network.ruled], endpoints.map(publishedPortsOf))
}

/**
 * Makes the table again if another program removed it. Asking is cheap: one message.
 */
export function ensureRules(context: NetworkContext): void {
  if (!context.bridgeNetwork || context.firewall.isInForce()) return
  context.log.warn({ table: context.options.tableName }, 'firewall rules were removed: made again')
  replaceRules(context, context.records.listEndpoints())
}

export function restoreEndpoints(
  context: NetworkContext,
  runningIds: ReadonlySet<string>,
): ReadonlyMap<string, readonly Endpoint[]> {
  const stored = context.records.listEndpoints()
  const kept = stored.filter(({ containerId }) => runningIds.has(containerId))
  for (const endpoint of kept) adopt(context, endpoint)
  replaceRules(context, kept)
  for (const lost of stored.filter(({ containerId }) => !runningIds.has(containerId))) {
    context.records.removeEndpoint(lost.containerId, lost.endpoint.networkId)
  }
  removeStrays(context, runningIds)
  return new Map(kept.map(({ containerId, endpoint }) => [containerId, [endpoint]]))
}

function adopt(context: NetworkContext, stored: StoredEndpoint): void {
  const { containerId, endpoint } = stored
  if (context.live.has(containerId)) return
  const network = context.bridgeNetwork
  const address = parseIpv4(endpoint.ipv4Address)
  if (network && subnetContains(network.bridge.subnet, address)) network.addresses.reserve(address)
  else {
    const subnet = network && formatIpv4(network.bridge.subnet.first)
    context.log.warn({ container: containerId, subnet }, 'running container is outside the subnet')
  }
  if (network && !reattachPair(context.netlink, stored.hostInterface, network.bridge)) {
    context.log.warn({ container: containerId }, 'running container has lost its link')
  }
  const publication = context.publisher.adopt(endpoint.ports, endpoint.ipv4Address)
  context.live.set(containerId, { stored, publication })
}

function removeStrays(context: NetworkContext, runningIds: ReadonlySet<string>): void {
  for (const id of context.sandboxes.list()) {
    if (runningIds.has(id)) continue
    try {
      context.sandboxes.remove(id)
    } catch (error) {
      const reason = errorMessage(error)
      context.log.warn({ container: id, reason }, 'stray network namespace could not be removed')
    }
  }
  const links = removeStrayLinks(context.netlink, context.options.tableName, runningIds)
  if (links.length > 0) context.log.info({ links }, 'stray links removed')
}

function publishedPortsOf({ endpoint }: StoredEndpoint): PublishedPorts {
  return { containerAddress: endpoint.ipv4Address, bindings: endpoint.ports }
}
