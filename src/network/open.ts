/** Opens the network service: the default bridge, the table, and the verbs on sandboxes. */
import { createKeyedMutex } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { connectEndpoint, disconnectEndpoint } from '#network/connect.ts'
import type { NetworkContext } from '#network/context.ts'
import { openDefaultBridge, openNullNetworks, type BridgeNetwork } from '#network/default-bridge.ts'
import { createFirewall } from '#network/firewall.ts'
import { createForwardAccept } from '#network/forward-accept.ts'
import { createPublisher } from '#network/publisher.ts'
import { openNetworkRecords } from '#network/records.ts'
import { replaceRules, restoreEndpoints } from '#network/restore.ts'
import { guardRules } from '#network/rule-guard.ts'
import { createSandboxes, removeLink } from '#network/sandbox.ts'
import { writeSysctl } from '#network/sysctl.ts'
import type {
  NetworkEvent,
  NetworkRecord,
  Networks,
  NetworksOptions,
  Sandbox,
} from '#network/types.ts'
import type { MetadataDb } from '#store/types.ts'
import { netlinkProtocol, openNetlink } from '#sys/netlink/socket.ts'
import { openNftables } from '#sys/nftables.ts'

export interface NetworksDeps {
  readonly db: MetadataDb
  readonly log: Logger
  readonly onEvent: (event: NetworkEvent) => void
}

/**
 * Makes or adopts the default bridge. Rules for the endpoints on record stay
 * in force; `restore` must follow, with the containers that really run.
 */
export async function openNetworks(
  options: NetworksOptions,
  deps: NetworksDeps,
): Promise<Networks> {
  using undo = new DisposableStack()
  const netlink = undo.use(openNetlink())
  const netfilter = undo.use(openNetlink(netlinkProtocol.netfilter))
  const nftables = undo.use(openNftables())
  const records = openNetworkRecords(deps)
  const hasBridge = options.bridge !== 'none'
  const bridgeNetwork = hasBridge ? openDefaultBridge(netlink, records, options) : undefined
  const nullNetworks = openNullNetworks(records)
  const context: NetworkContext = {
    ...deps,
    options,
    netlink,
    records,
    bridgeNetwork,
    networks: [...(bridgeNetwork ? [bridgeNetwork.record] : []), ...nullNetworks],
    sandboxes: createSandboxes(options.execRoot),
    firewall: createFirewall({ nftables, netfilter }, options.tableName),
    forwardAccept: createForwardAccept({ nftables, netfilter, log: deps.log }),
    publisher: createPublisher({
      log: deps.log,
      ...(options.defaultHostAddress === undefined
        ? {}
        : { defaultHostAddress: options.defaultHostAddress }),
    }),
    live: new Map(),
    locks: createKeyedMutex(),
  }
  if (options.hasIpForward) writeSysctl('ipv4/ip_forward', '1')
  replaceRules(context, records.listEndpoints())
  await ensureForwarding(context)
  const guard = undo.use(bridgeNetwork ? guardRules(context) : new DisposableStack())
  const resources = undo.move()
  return createNetworks(context, { guard, resources })
}

interface Held {
  /** Ends first: what closing removes must stay removed. */
  readonly guard: Disposable
  readonly resources: Disposable
}

function createNetworks(context: NetworkContext, { guard, resources }: Held): Networks {
  const { live, locks, networks, sandboxes } = context
  return {
    list: () => networks,
    get: (nameOrId) => findNetwork(networks, nameOrId),
    endpoints: (networkId) =>
      new Map(
        [...live.values()]
          .map(({ stored }) => stored)
          .filter(({ endpoint }) => endpoint.networkId === networkId)
          .map(({ containerId, endpoint }) => [containerId, endpoint]),
      ),
    async createSandbox(containerId): Promise<Sandbox> {
      using _held = await locks.acquire(containerId)
      sandboxes.create(containerId)
      return { containerId, netnsPath: sandboxes.path(containerId) }
    },
    async connect(sandbox, options) {
      using _held = await locks.acquire(sandbox.containerId)
      const network = bridgeNetworkOf(context, options.network)
      await ensureForwarding(context)
      return await connectEndpoint(context, { containerId: sandbox.containerId, network }, options)
    },
    async removeSandbox(containerId) {
      using _held = await locks.acquire(containerId)
      await removeSandbox(context, containerId)
    },
    async restore(runningIds) {
      return restoreEndpoints(context, runningIds)
    },
    async [Symbol.asyncDispose]() {
      using _resources = resources
      guard[Symbol.dispose]()
      await closeNetworks(context)
    },
  }
}

async function ensureForwarding({ bridgeNetwork, forwardAccept }: NetworkContext): Promise<void> {
  if (bridgeNetwork) await forwardAccept.ensure(bridgeNetwork.bridge.name)
}

function findNetwork(networks: readonly NetworkRecord[], nameOrId: string): NetworkRecord {
  const exact = networks.find(({ name, id }) => name === nameOrId || id === nameOrId)
  if (exact) return exact
  const byPrefix = networks.filter(({ id }) => nameOrId !== '' && id.startsWith(nameOrId))
  const [only] = byPrefix
  if (only && byPrefix.length === 1) return only
  if (only) {
    throw new EngineError('invalid_argument', `network ${nameOrId} is ambiguous`)
  }
  throw new EngineError('not_found', `network ${nameOrId} not found`)
}

function bridgeNetworkOf(context: NetworkContext, nameOrId: string): BridgeNetwork {
  const { id, name } = findNetwork(context.networks, nameOrId)
  if (context.bridgeNetwork?.record.id === id) return context.bridgeNetwork
  throw new EngineError('invalid_argument', `network ${name} takes no endpoints`)
}

async function removeSandbox(context: NetworkContext, containerId: string): Promise<void> {
  const failures: unknown[] = []
  const endpoint = context.live.get(containerId)
  if (endpoint) {
    await disconnectEndpoint(context, endpoint).catch((error: unknown) => failures.push(error))
  }
  try {
    context.sandboxes.remove(containerId)
  } catch (error) {
    failures.push(error)
  }
  if (failures.length > 0) {
    throw new AggregateError(failures, `remove sandbox of ${containerId}: steps failed`)
  }
}

/** Sockets and proxies close; rules, links and namespaces of running containers stay. */
async function closeNetworks(context: NetworkContext): Promise<void> {
  const { bridgeNetwork, firewall, forwardAccept, live, netlink, records } = context
  // By the records, not by what is live: a start that failed before `restore` knows of nothing live.
  const isIdle = records.listEndpoints().length === 0
  for (const { publication } of live.values()) await publication[Symbol.asyncDispose]()
  if (!isIdle || !bridgeNetwork) return
  const { bridge } = bridgeNetwork
  await forwardAccept.remove(bridge.name)
  firewall.remove(bridge.name)
  if (bridge.isOurs) removeLink(netlink, bridge.index)
}
