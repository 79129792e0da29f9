/** The network side of a start: namespace, endpoint, and what the generated files must say. */
import { EngineError } from '#base/errors.ts'
import { undoing } from '#base/undo.ts'
import type { ContainerContext } from '#container/context.ts'
import type { ContainerRecord, ContainerSpec } from '#container/types.ts'
import type { Endpoint, PortRequest } from '#network/types.ts'

export interface ConnectedSandbox {
  /** For the OCI spec's network namespace; undefined = the host's. */
  readonly netnsPath: string | undefined
  readonly endpoints: readonly Endpoint[]
  /** The container whose namespace, and so whose generated files, this one shares. */
  readonly sharedWith?: ContainerRecord
}

/** @throws EngineError conflict (port taken), not_found (network, container) */
export async function connectSandbox(
  context: ContainerContext,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<ConnectedSandbox> {
  const mode = record.spec.host.networkMode
  switch (mode.type) {
    case 'host':
      return { netnsPath: undefined, endpoints: [] }
    case 'container':
      return shareSandbox(context, mode.container)
    case 'none':
    case 'network':
  }
  undo.defer(
    undoing(context.log, 'remove sandbox', () => context.networks.removeSandbox(record.id)),
  )
  const sandbox = await context.networks.createSandbox(record.id)
  if (mode.type === 'none') return { netnsPath: sandbox.netnsPath, endpoints: [] }
  const endpoint = await context.networks.connect(sandbox, {
    network: networkName(context, mode.name),
    ports: portRequests(record.spec),
    aliases: record.spec.host.networkAliases,
    ...(record.spec.host.ipv4Address === undefined
      ? {}
      : { ipv4Address: record.spec.host.ipv4Address }),
    ...(record.spec.host.macAddress === undefined
      ? {}
      : { macAddress: record.spec.host.macAddress }),
  })
  return { netnsPath: sandbox.netnsPath, endpoints: [endpoint] }
}

function networkName(context: ContainerContext, name: string): string {
  if (name !== 'default' && name !== 'bridge') return name
  const { defaultNetwork } = context.defaults
  if (defaultNetwork === undefined) {
    throw new EngineError('not_found', `network ${name} not found`, {
      hint: 'the engine runs without a default bridge network',
    })
  }
  return defaultNetwork
}

function shareSandbox(context: ContainerContext, ref: string): ConnectedSandbox {
  const other = context.table.resolve(ref)
  if (other.state.status !== 'running' && other.state.status !== 'paused') {
    throw new EngineError(
      'conflict',
      `cannot join network namespace of a non running container: ${ref}`,
    )
  }
  if (other.spec.host.networkMode.type === 'host') {
    return { netnsPath: undefined, endpoints: [], sharedWith: other }
  }
  const netnsPath = `/proc/${other.state.run.pid}/ns/net`
  return { netnsPath, endpoints: [], sharedWith: other }
}

/** `-p` as asked; with `-P` every exposed port that `-p` leaves out, on a port that is free. */
export function portRequests(spec: ContainerSpec): readonly PortRequest[] {
  if (!spec.host.publishAllPorts) return spec.host.ports
  const asked = new Set(spec.host.ports.map((port) => `${port.containerPort}/${port.protocol}`))
  const rest = spec.exposedPorts.filter(({ port, protocol }) => !asked.has(`${port}/${protocol}`))
  return [
    ...spec.host.ports,
    ...rest.map(({ port, protocol }) => ({ protocol, containerPort: port })),
  ]
}
