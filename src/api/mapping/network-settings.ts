/** Network settings that could never work are refused when a container is created, not when it starts. */
import { isIP, isIPv4 } from 'node:net'
import { EngineError } from '#base/errors.ts'
import { parseExtraHost } from '#network/files.ts'
import type { EndpointSettings, HostConfig } from '#wire/containers.ts'

/** @throws EngineError invalid_argument, not_implemented for addresses that this engine cannot give */
export function checkNetworkSettings(config: HostConfig, endpoint: EndpointSettings): void {
  const { IPAMConfig: addresses, Links: links, MacAddress: macAddress } = endpoint
  if (addresses?.IPv4Address && !isIPv4(addresses.IPv4Address)) {
    throw invalid(`invalid IPv4 address "${addresses.IPv4Address}"`)
  }
  refuse('IPAMConfig.IPv6Address', Boolean(addresses?.IPv6Address))
  refuse('IPAMConfig.LinkLocalIPs', (addresses?.LinkLocalIPs ?? []).length > 0)
  refuse('Links', (links ?? []).length > 0)
  if (macAddress) checkMacAddress(macAddress)
  for (const text of config.ExtraHosts ?? []) parseExtraHost(text)
  for (const server of config.Dns ?? []) {
    if (isIP(server) === 0) throw invalid(`bad nameserver address "${server}"`)
  }
  for (const bindings of Object.values(config.PortBindings ?? {})) {
    for (const { HostIp: address } of bindings ?? []) {
      if (address && isIP(address) === 0) throw invalid(`invalid IP address "${address}"`)
    }
  }
  for (const text of [...(config.DnsSearch ?? []), ...(config.DnsOptions ?? [])]) {
    if (/\s/.test(text)) throw invalid(`invalid resolver setting ${JSON.stringify(text)}`)
  }
}

function checkMacAddress(text: string): void {
  const first = /^([0-9a-f]{2})(?::[0-9a-f]{2}){5}$/i.exec(text)?.[1]
  if (first === undefined) throw invalid(`invalid MAC address "${text}"`)
  // The lowest bit of the first byte marks a group of hosts: no interface takes such an address.
  if (Number.parseInt(first, 16) % 2 === 1) {
    throw invalid(`invalid MAC address "${text}": a multicast address`)
  }
}

function refuse(field: string, isAsked: boolean): void {
  if (!isAsked) return
  throw new EngineError(
    'not_implemented',
    `EndpointsConfig.${field} is not supported by this engine`,
  )
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
