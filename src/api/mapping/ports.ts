import { EngineError } from '#base/errors.ts'
import type { PortBinding, PortRequest, Protocol } from '#network/types.ts'
import type { PortMap, PortSummary } from '#wire/endpoints.ts'

export interface ExposedPort {
  readonly protocol: Protocol
  readonly port: number
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

/**
 * Reads the keys of `ExposedPorts`: `80`, `80/tcp`, `8000-8010/udp`.
 * @throws EngineError invalid_argument
 */
export function parseExposedPorts(keys: readonly string[]): readonly ExposedPort[] {
  return keys.flatMap((key) => {
    const { range, protocol } = parsePortKey(key)
    return numbersOf(range).map((port) => ({ protocol, port }))
  })
}

/**
 * Reads `PortBindings`. No binding, or one without a host port, means an ephemeral one.
 * @throws EngineError invalid_argument
 */
export function parsePortBindings(map: PortMap): readonly PortRequest[] {
  return Object.entries(map).flatMap(([key, bindings]) => {
    const { range, protocol } = parsePortKey(key)
    const wanted = bindings && bindings.length > 0 ? bindings : [{}]
    return wanted.flatMap(({ HostIp = '', HostPort = '' }) => {
      const hostPorts = HostPort === '' || HostPort === '0' ? undefined : parseRange(HostPort)
      return numbersOf(range).map((containerPort, index) => ({
        protocol,
        containerPort,
        ...(HostIp === '' ? {} : { hostAddress: HostIp }),
        ...(hostPorts ? { hostPort: hostPortFor(hostPorts, range, index) } : {}),
      }))
    })
  })
}

/** A range of container ports takes host ports pairwise; one container port takes any of them. */
function hostPortFor(host: PortRange, container: PortRange, index: number): PortRange {
  const width = container.last - container.first
  if (width === 0) return host
  if (host.last - host.first !== width) {
    throw new EngineError(
      'invalid_argument',
      `invalid port specification: ranges ${formatRange(host)} and ${formatRange(container)} ` +
        'have different lengths',
    )
  }
  return { first: host.first + index, last: host.first + index }
}

/** `PortBindings` of inspect: what was asked for. */
export function toPortMap(requests: readonly PortRequest[]): PortMap {
  const map: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const request of requests) {
    const bindings = (map[portKey(request.containerPort, request.protocol)] ??= [])
    bindings.push({
      HostIp: request.hostAddress ?? '',
      HostPort: request.hostPort ? formatRange(request.hostPort) : '',
    })
  }
  return map
}

/** `NetworkSettings.Ports`: exposed ports with null, published ones with what they got. */
export function toBoundPortMap(
  exposed: readonly ExposedPort[],
  bindings: readonly PortBinding[],
): PortMap {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {}
  for (const { port, protocol } of exposed) map[portKey(port, protocol)] = null
  for (const binding of bindings) {
    const published = (map[portKey(binding.containerPort, binding.protocol)] ??= [])
    published.push({ HostIp: binding.hostAddress, HostPort: binding.hostPort.toString() })
  }
  return map
}

/** `Ports` of a list row. */
export function toPortSummaries(
  exposed: readonly ExposedPort[],
  bindings: readonly PortBinding[],
): readonly PortSummary[] {
  const published = new Set(
    bindings.map((binding) => portKey(binding.containerPort, binding.protocol)),
  )
  const unpublished = exposed.filter(
    ({ port, protocol }) => !published.has(portKey(port, protocol)),
  )
  return [
    ...bindings.map((binding) => ({
      IP: binding.hostAddress,
      PrivatePort: binding.containerPort,
      PublicPort: binding.hostPort,
      Type: binding.protocol,
    })),
    ...unpublished.map(({ port, protocol }) => ({ PrivatePort: port, Type: protocol })),
  ]
}

export function portKey(port: number, protocol: string): string {
  return `${port.toString()}/${protocol}`
}

/** One port or range with its protocol: `80`, `80/udp`, `8000-8010/tcp`. @throws EngineError invalid_argument */
export function parsePortKey(key: string): {
  readonly range: PortRange
  readonly protocol: Protocol
} {
  const [ports = '', protocol = 'tcp', ...rest] = key.split('/')
  const name = protocol.toLowerCase()
  if (rest.length > 0 || (name !== 'tcp' && name !== 'udp')) {
    throw new EngineError('invalid_argument', `invalid proto: ${protocol}`)
  }
  return { range: parseRange(ports), protocol: name }
}

function parseRange(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (!match || first > last || last > 65_535) {
    throw new EngineError('invalid_argument', `invalid port specification: "${text}"`)
  }
  return { first, last }
}

function formatRange({ first, last }: PortRange): string {
  return first === last ? first.toString() : `${first.toString()}-${last.toString()}`
}

function numbersOf({ first, last }: PortRange): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
