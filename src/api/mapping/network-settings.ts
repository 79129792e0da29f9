/** What of the network settings has no place in a specification, or no address where one must be. */
import { isIP, isIPv4 } from 'node:net'
import { EngineError } from '#base/errors.ts'
import type { EndpointSettings, HostConfig } from '#wire/containers.ts'

/** @throws EngineError invalid_argument, not_implemented for addresses that this engine cannot give */
export function checkNetworkSettings(config: HostConfig, endpoint: EndpointSettings): void {
  const { IPAMConfig: addresses, Links: links } = endpoint
  if (addresses?.IPv4Address && !isIPv4(addresses.IPv4Address)) {
    throw invalid(`invalid IPv4 address "${addresses.IPv4Address}"`)
  }
  refuse('IPAMConfig.IPv6Address', Boolean(addresses?.IPv6Address))
  refuse('IPAMConfig.LinkLocalIPs', (addresses?.LinkLocalIPs ?? []).length > 0)
  refuse('Links', (links ?? []).length > 0)
  for (const bindings of Object.values(config.PortBindings ?? {})) {
    for (const { HostIp: address } of bindings ?? []) {
      if (address && isIP(address) === 0) throw invalid(`invalid IP address "${address}"`)
    }
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
