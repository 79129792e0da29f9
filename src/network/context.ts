/** What the verbs of this folder work on; made once by `openNetworks`. */
import type { KeyedMutex } from '#base/async.ts'
import type { Logger } from '#base/log.ts'
import type { BridgeNetwork } from '#network/default-bridge.ts'
import type { Firewall } from '#network/firewall.ts'
import type { ForwardAccept } from '#network/forward-accept.ts'
import type { Publication, Publisher } from '#network/publisher.ts'
import type { NetworkRecords, StoredEndpoint } from '#network/records.ts'
import type { Sandboxes } from '#network/sandbox.ts'
import type { NetworkEvent, NetworkRecord, NetworksOptions } from '#network/types.ts'
import type { Netlink } from '#sys/netlink/socket.ts'

/** A connected endpoint and the host ports that it holds. */
export interface LiveEndpoint {
  readonly stored: StoredEndpoint
  readonly publication: Publication
}

export interface NetworkContext {
  readonly options: NetworksOptions
  readonly log: Logger
  readonly onEvent: (event: NetworkEvent) => void
  readonly netlink: Netlink
  readonly records: NetworkRecords
  readonly sandboxes: Sandboxes
  readonly firewall: Firewall
  readonly forwardAccept: ForwardAccept
  readonly publisher: Publisher
  readonly networks: readonly NetworkRecord[]
  /** Undefined with `--bridge none`. */
  readonly bridgeNetwork: BridgeNetwork | undefined
  /** By container id. */
  readonly live: Map<string, LiveEndpoint>
  /** One change of a container's network at a time. */
  readonly locks: KeyedMutex
}

/** Publishes what happened to an endpoint, with the attributes that Docker gives. */
export function announce(
  context: NetworkContext,
  action: 'connect' | 'disconnect',
  stored: StoredEndpoint,
): void {
  const { networkId, networkName } = stored.endpoint
  const attributes = { container: stored.containerId, name: networkName, type: 'bridge' }
  context.onEvent({ action, networkId, attributes })
}
