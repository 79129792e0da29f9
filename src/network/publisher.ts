/** Ports of containers: chosen, held against others, and served where nftables does not (IPv6). */
import { randomInt } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { formatHostPort } from '#base/host-port.ts'
import type { Logger } from '#base/log.ts'
import { choosePorts } from '#network/port-choice.ts'
import { createPortHolder, type PortHolder } from '#network/port-holder.ts'
import { hostHasIpv6, readEphemeralRange } from '#network/sysctl.ts'
import { startTcpProxy } from '#network/tcp-proxy.ts'
import type { PortBinding, PortRequest } from '#network/types.ts'
import { startUdpProxy } from '#network/udp-proxy.ts'

/** The ports of one container; disposing gives them back. */
export interface Publication extends AsyncDisposable {
  readonly bindings: readonly PortBinding[]
}

export interface Publisher {
  /** All or nothing. @throws EngineError conflict with Docker's text */
  publish(requests: readonly PortRequest[], containerAddress: string): Publication
  /** Takes back what a running container had; a port lost meanwhile is logged and stays published. */
  adopt(bindings: readonly PortBinding[], containerAddress: string): Publication
}

export function createPublisher(options: {
  readonly defaultHostAddress?: string
  readonly log: Logger
}): Publisher {
  const holder = createPortHolder()
  const range = readEphemeralRange()
  // Engines side by side begin at different places: while one is down nobody holds its ports,
  // and the other's next free one should not be among them.
  const next = randomInt(range.first, range.last + 1)
  const chooser = { ...holder, ephemeral: { ...range, next } }
  return {
    publish(requests, containerAddress) {
      const defaultAddresses = defaultAddressesOf(options.defaultHostAddress)
      const bindings = choosePorts(chooser, { requests, defaultAddresses, containerAddress })
      return serve(holder, bindings, containerAddress)
    },
    adopt(bindings, containerAddress) {
      for (const binding of bindings) {
        const outcome = holder.holdAnyway(binding)
        if (outcome === 'held') continue
        const port = formatHostPort(binding.hostAddress, binding.hostPort)
        options.log.warn({ port, outcome }, 'host port of a running container could not be held')
      }
      return serve(holder, bindings, containerAddress)
    },
  }
}

function serve(
  holder: PortHolder,
  bindings: readonly PortBinding[],
  containerAddress: string,
): Publication {
  const proxies = bindings
    .filter(({ hostAddress }) => isIPv6(hostAddress))
    .flatMap((binding) => {
      const socket = holder.takeSocket(binding)
      if (!socket) return []
      const target = { address: containerAddress, port: binding.containerPort }
      return [(binding.protocol === 'tcp' ? startTcpProxy : startUdpProxy)(socket, target)]
    })
  return {
    bindings,
    async [Symbol.asyncDispose]() {
      await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()))
      for (const binding of bindings) holder.release(binding)
    },
  }
}

function defaultAddressesOf(configured: string | undefined): readonly string[] {
  if (configured !== undefined && configured !== '') return [configured]
  return hostHasIpv6() ? ['0.0.0.0', '::'] : ['0.0.0.0']
}
