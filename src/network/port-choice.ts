/**
 * From port requests to bindings, all or nothing. Which ports are free is
 * asked of `tryHold`, so that the choice itself needs no sockets.
 */
import { isIP } from 'node:net'
import { EngineError } from '#base/errors.ts'
import { formatHostPort } from '#base/host-port.ts'
import type { HostPort } from '#network/port-table.ts'
import type { PortBinding, PortRequest } from '#network/types.ts'

/** What one attempt to take a host port came to. */
export type HoldOutcome = 'held' | 'allocated' | 'in-use'

export interface PortChooser {
  /** Takes one host port, or says who has it: another container or another program. */
  readonly tryHold: (port: HostPort) => HoldOutcome
  readonly release: (port: HostPort) => void
  /** First and last port for requests without one; `next` is remembered between requests. */
  readonly ephemeral: { readonly first: number; readonly last: number; next: number }
}

export interface ChooseOptions {
  readonly requests: readonly PortRequest[]
  /** For requests that name none: `['0.0.0.0', '::']` on a host with IPv6. */
  readonly defaultAddresses: readonly string[]
  readonly containerAddress: string
}

/**
 * Takes ports for all requests; gives everything back and throws when one cannot be had.
 * @throws EngineError conflict with Docker's text, invalid_argument for a malformed address
 */
export function choosePorts(chooser: PortChooser, options: ChooseOptions): PortBinding[] {
  const bindings: PortBinding[] = []
  try {
    for (const request of options.requests) bindings.push(...chooseOne(chooser, request, options))
    return bindings
  } catch (error) {
    for (const binding of bindings) chooser.release(binding)
    throw error
  }
}

function chooseOne(
  chooser: PortChooser,
  request: PortRequest,
  options: ChooseOptions,
): PortBinding[] {
  const addresses = addressesOf(request, options.defaultAddresses)
  let refusal: EngineError | undefined
  for (const hostPort of candidates(chooser, request)) {
    const refused = holdAll(chooser, { addresses, hostPort, request, options })
    if (refused === undefined) {
      if (request.hostPort === undefined) chooser.ephemeral.next = hostPort + 1
      return addresses.map((hostAddress) => bindingOf(request, hostAddress, hostPort))
    }
    refusal = refused
  }
  const isSingle = request.hostPort && request.hostPort.first === request.hostPort.last
  if (isSingle && refusal) throw refusal
  const [address = ''] = addresses
  throw new EngineError(
    'conflict',
    `Bind for ${formatHostPort(address, request.hostPort?.first ?? 0)} failed: all ports are allocated`,
  )
}

/** Takes the same port on every address; on refusal gives back and says why. */
function holdAll(
  chooser: PortChooser,
  attempt: {
    readonly addresses: readonly string[]
    readonly hostPort: number
    readonly request: PortRequest
    readonly options: ChooseOptions
  },
): EngineError | undefined {
  const { hostPort, request, options } = attempt
  const held: HostPort[] = []
  for (const hostAddress of attempt.addresses) {
    const port = { protocol: request.protocol, hostAddress, hostPort }
    const outcome = tryHoldOrRelease(chooser, port, held)
    if (outcome !== 'held') {
      for (const earlier of held) chooser.release(earlier)
      return refusalOf(outcome, bindingOf(request, hostAddress, hostPort), options)
    }
    held.push(port)
  }
  return undefined
}

function tryHoldOrRelease(
  chooser: PortChooser,
  port: HostPort,
  held: readonly HostPort[],
): HoldOutcome {
  try {
    return chooser.tryHold(port)
  } catch (error) {
    for (const earlier of held) chooser.release(earlier)
    throw error
  }
}

function refusalOf(
  outcome: Exclude<HoldOutcome, 'held'>,
  binding: PortBinding,
  options: ChooseOptions,
): EngineError {
  const host = formatHostPort(binding.hostAddress, binding.hostPort)
  if (outcome === 'allocated') {
    return new EngineError('conflict', `Bind for ${host} failed: port is already allocated`)
  }
  const target = `${options.containerAddress}:${binding.containerPort}/${binding.protocol}`
  return new EngineError(
    'conflict',
    `failed to bind host port for ${host}:${target}: address already in use`,
  )
}

function* candidates(chooser: PortChooser, request: PortRequest): Generator<number> {
  if (request.hostPort) {
    for (let port = request.hostPort.first; port <= request.hostPort.last; port++) yield port
    return
  }
  const { first, last, next } = chooser.ephemeral
  const start = next >= first && next <= last ? next : first
  for (let port = start; port <= last; port++) yield port
  for (let port = first; port < start; port++) yield port
}

function addressesOf(request: PortRequest, defaults: readonly string[]): readonly string[] {
  const { hostAddress } = request
  if (hostAddress === undefined || hostAddress === '') return defaults
  if (isIP(hostAddress) === 0) {
    throw new EngineError('invalid_argument', `invalid IP address "${hostAddress}"`)
  }
  return [hostAddress]
}

function bindingOf(request: PortRequest, hostAddress: string, hostPort: number): PortBinding {
  return {
    protocol: request.protocol,
    containerPort: request.containerPort,
    hostAddress,
    hostPort,
  }
}
