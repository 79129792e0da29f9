/** Network settings that could never work are refused when a container is created, not when it starts. */
import { isIP } from 'node:net'
import { EngineError } from '#base/errors.ts'
import type { ContainerSpec } from '#container/types.ts'
import { parseExtraHost } from '#network/files.ts'
import { encodeMac } from '#sys/netlink/inet.ts'

/** @throws EngineError invalid_argument */
export function checkNetwork(spec: ContainerSpec): void {
  const { extraHosts, dns, dnsSearch, dnsOptions, macAddress, networkMode } = spec.host
  for (const text of extraHosts) parseExtraHost(text)
  for (const server of dns) {
    if (isIP(server) === 0) throw invalid(`bad nameserver address "${server}"`)
  }
  for (const text of [...dnsSearch, ...dnsOptions]) {
    if (/\s/.test(text)) throw invalid(`invalid resolver setting ${JSON.stringify(text)}`)
  }
  if (macAddress !== undefined) checkMacAddress(macAddress)
  if (networkMode.type === 'container') checkSharedNetwork(spec)
}

function checkMacAddress(text: string): void {
  const [first = 0] = encodeMac(text)
  // The lowest bit of the first byte marks a group of hosts: no interface takes such an address.
  if (first % 2 === 1) throw invalid(`invalid MAC address "${text}": a multicast address`)
}

function checkSharedNetwork({ hostname = '', host }: ContainerSpec): void {
  if (hostname !== '') {
    throw invalid('conflicting options: hostname and the network mode')
  }
  if (host.ports.length > 0 || host.publishAllPorts) {
    throw invalid('conflicting options: port publishing and the container type network mode')
  }
  if (host.extraHosts.length > 0) {
    throw invalid('conflicting options: custom host-to-IP mapping and the network mode')
  }
  if (host.dns.length > 0) {
    throw invalid('conflicting options: dns and the network mode')
  }
  if (host.macAddress !== undefined) {
    throw invalid('conflicting options: mac-address and the network mode')
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
