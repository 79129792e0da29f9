/** Networks and endpoints in the metadata database. */
import { instantFromNanos, now } from '#base/clock.ts'
import { randomId } from '#base/ids.ts'
import type {
  NetworkEvent,
  Endpoint,
  NetworkRecord,
  PortBinding,
  Protocol,
} from '#network/types.ts'
import {
  decodeInteger,
  decodeList,
  decodeText,
  parseJsonObject,
  type Decoder,
  decodeObject,
} from '#oci/decode.ts'
import type { MetadataDb, SqlRow } from '#store/types.ts'

/** An endpoint with what only the applier needs. */
export interface StoredEndpoint {
  readonly containerId: string
  /** The host end of the veth pair. */
  readonly hostInterface: string
  readonly endpoint: Endpoint
}

/** A network's identity; everything else follows from the configuration and the bridge. */
export type NetworkIdentity = Pick<NetworkRecord, 'id' | 'name' | 'driver' | 'createdAt'>

export interface NetworkRecords {
  /** The identity kept under this name, or a new one. */
  identify(name: string, driver: NetworkRecord['driver']): NetworkIdentity
  /** CIDR with the bridge's own address, as last used; so that a reboot does not move containers. */
  findBridgeAddress(networkId: string): string | undefined
  saveBridgeAddress(networkId: string, address: string): void
  saveEndpoint(stored: StoredEndpoint): void
  removeEndpoint(containerId: string, networkId: string): void
  listEndpoints(): StoredEndpoint[]
}

const migrations = [
  `CREATE TABLE networks (
     id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL, bridge_address TEXT
   ) STRICT`,
  `CREATE TABLE endpoints (
     container_id TEXT NOT NULL, network_id TEXT NOT NULL, host_interface TEXT NOT NULL,
     endpoint TEXT NOT NULL, PRIMARY KEY (container_id, network_id)
   ) STRICT`,
]

export function openNetworkRecords(deps: {
  readonly db: MetadataDb
  readonly onEvent: (event: NetworkEvent) => void
}): NetworkRecords {
  const { db, onEvent } = deps
  db.migrate('network', migrations)
  return {
    identify(name, driver) {
      const row = db.get('SELECT id, created_at FROM networks WHERE name = ?', name)
      if (row) {
        const createdAt = instantFromNanos(BigInt(textOf(row, 'created_at')))
        return { id: textOf(row, 'id'), name, driver, createdAt }
      }
      const identity = { id: randomId(), name, driver, createdAt: now() }
      const createdAt = identity.createdAt.toString()
      db.run(
        'INSERT INTO networks (id, name, created_at) VALUES (?, ?, ?)',
        identity.id,
        name,
        createdAt,
      )
      onEvent({ action: 'create', networkId: identity.id, attributes: { name, type: driver } })
      return identity
    },
    findBridgeAddress(networkId) {
      const row = db.get('SELECT bridge_address FROM networks WHERE id = ?', networkId)
      const address = row?.['bridge_address']
      return typeof address === 'string' ? address : undefined
    },
    saveBridgeAddress(networkId, address) {
      db.run('UPDATE networks SET bridge_address = ? WHERE id = ?', address, networkId)
    },
    saveEndpoint(stored) {
      db.run(
        'INSERT INTO endpoints (container_id, network_id, host_interface, endpoint) VALUES (?, ?, ?, ?)',
        stored.containerId,
        stored.endpoint.networkId,
        stored.hostInterface,
        JSON.stringify(stored.endpoint),
      )
    },
    removeEndpoint(containerId, networkId) {
      db.run(
        'DELETE FROM endpoints WHERE container_id = ? AND network_id = ?',
        containerId,
        networkId,
      )
    },
    listEndpoints: () =>
      db.all('SELECT container_id, host_interface, endpoint FROM endpoints').map((row) => ({
        containerId: textOf(row, 'container_id'),
        hostInterface: textOf(row, 'host_interface'),
        endpoint: decodeEndpoint(textOf(row, 'endpoint')),
      })),
  }
}

function textOf(row: SqlRow, column: string): string {
  return decodeText(row[column], column)
}

function decodeEndpoint(text: string): Endpoint {
  const json = parseJsonObject(new TextEncoder().encode(text), 'endpoint record')
  const member = (key: string) => decodeText(json[key], key)
  return {
    endpointId: member('endpointId'),
    networkId: member('networkId'),
    networkName: member('networkName'),
    ipv4Address: member('ipv4Address'),
    prefixLength: decodeInteger(json['prefixLength'], 'prefixLength'),
    gateway: member('gateway'),
    macAddress: member('macAddress'),
    interfaceName: member('interfaceName'),
    aliases: decodeList(decodeText)(json['aliases'], 'aliases'),
    ports: decodeList(decodeBinding)(json['ports'], 'ports'),
  }
}

const decodeProtocol: Decoder<Protocol> = (value, path) =>
  decodeText(value, path) === 'udp' ? 'udp' : 'tcp'

const decodeBinding: Decoder<PortBinding> = (value, path) => {
  const json = decodeObject(value, path)
  return {
    protocol: decodeProtocol(json['protocol'], path),
    containerPort: decodeInteger(json['containerPort'], path),
    hostAddress: decodeText(json['hostAddress'], path),
    hostPort: decodeInteger(json['hostPort'], path),
  }
}
