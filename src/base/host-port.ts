import { isIPv6 } from 'node:net'

/** `host:port`, an IPv6 address in brackets. */
export function formatHostPort(host: string, port: number | string): string {
  return isIPv6(host) ? `[${host}]:${port.toString()}` : `${host}:${port.toString()}`
}
