/** Giving a sandbox its endpoint, and taking it back. */
import { EngineError } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import { undoing } from '#base/undo.ts'
import { announce, type LiveEndpoint, type NetworkContext } from '#network/context.ts'
import type { BridgeNetwork } from '#network/default-bridge.ts'
import { formatIpv4, macAddressOf, parseIpv4 } from '#network/ipv4.ts'
import { ensureRules } from '#network/restore.ts'
import type { StoredEndpoint } from '#network/records.ts'
import { createPair, linkAlias, newHostInterfaceName, detachPair } from '#network/sandbox.ts'
import { forgetUdpFlows } from '#network/udp-flows.ts'
import type { ConnectOptions, Endpoint, PortBinding } from '#network/types.ts'

export interface ConnectTarget {
  readonly containerId: string
  readonly network: BridgeNetwork
}

/** Address, ports, record, links, rules, in this order; each undone when a later one fails. */
export async function connectEndpoint(
  context: NetworkContext,
  target: ConnectTarget,
  options: ConnectOptions,
): Promise<Endpoint> {
  const { containerId, network } = target
  if (context.live.has(containerId)) {
    const name = network.record.name
    const message = `endpoint for container ${containerId} already exists in network ${name}`
    throw new EngineError('conflict', message)
  }
  await using undo = new AsyncDisposableStack()
  const later = (what: string, step: () => void | Promise<void>) => {
    undo.defer(undoing(context.log, what, step))
  }

  const address = takeAddress(network, options.ipv4Address)
  later('release address', () => network.addresses.release(address))
  const publication = context.publisher.publish(options.ports, formatIpv4(address))
  later('release ports', async () => {
    await publication[Symbol.asyncDispose]()
  })

  ensureRules(context)
  const hostInterface = newHostInterfaceName()
  const { bindings } = publication
  const endpoint = describeEndpoint(network, { address, bindings, options })
  const stored = { containerId, hostInterface, endpoint }
  context.records.saveEndpoint(stored)
  later('remove endpoint record', () => forgetRecord(context, stored))
  later('detach link', () => detachPair(context.netlink, hostInterface))
  createPair(context.netlink, {
    namespacePath: context.sandboxes.path(containerId),
    bridge: network.bridge,
    alias: linkAlias(context.options.tableName, containerId),
    mtu: network.mtu,
    hostInterface,
    endpoint,
  })
  context.firewall.publish(endpoint.ipv4Address, bindings)
  later('remove rules', () => context.firewall.unpublish(endpoint.ipv4Address, bindings))
  forgetUdpFlows(endpoint.ipv4Address, bindings)

  undo.move()
  context.live.set(containerId, { stored, publication })
  announce(context, 'connect', stored)
  return endpoint
}

/** Undoes every step of `connectEndpoint`; goes on after a failure. @throws AggregateError */
export async function disconnectEndpoint(
  context: NetworkContext,
  live: LiveEndpoint,
): Promise<void> {
  const { stored, publication } = live
  const { endpoint } = stored
  const steps: (() => void | PromiseLike<void>)[] = [
    () => ensureRules(context),
    // Before anything waits: a table that is made again meanwhile must not publish this one.
    () => forgetRecord(context, stored),
    () => context.firewall.unpublish(endpoint.ipv4Address, publication.bindings),
    () => forgetUdpFlows(endpoint.ipv4Address, publication.bindings),
    () => publication[Symbol.asyncDispose](),
    () => detachPair(context.netlink, stored.hostInterface),
    () => context.bridgeNetwork?.addresses.release(parseIpv4(endpoint.ipv4Address)),
  ]
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  context.live.delete(stored.containerId)
  announce(context, 'disconnect', stored)
  if (failures.length > 0) {
    throw new AggregateError(failures, `disconnect container ${stored.containerId}: steps failed`)
  }
}

function forgetRecord(context: NetworkContext, stored: StoredEndpoint): void {
  context.records.removeEndpoint(stored.containerId, stored.endpoint.networkId)
}

function takeAddress(network: BridgeNetwork, wanted: string | undefined): number {
  if (wanted === undefined) return network.addresses.allocate()
  const address = parseIpv4(wanted)
  network.addresses.reserve(address)
  return address
}

interface EndpointFacts {
  readonly address: number
  readonly bindings: readonly PortBinding[]
  readonly options: ConnectOptions
}

function describeEndpoint(network: BridgeNetwork, facts: EndpointFacts): Endpoint {
  const { record, bridge } = network
  return {
    endpointId: randomId(),
    networkId: record.id,
    networkName: record.name,
    ipv4Address: formatIpv4(facts.address),
    prefixLength: bridge.subnet.prefixLength,
    gateway: formatIpv4(bridge.gateway),
    macAddress: facts.options.macAddress?.toLowerCase() ?? macAddressOf(facts.address),
    interfaceName: 'eth0',
    aliases: facts.options.aliases,
    ports: facts.bindings,
  }
}
