/**
 * Kernel settings below /proc/sys/net of the calling thread's namespace.
 * Synchronous on purpose: pool threads of Node may be in another namespace.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const root = '/proc/sys/net'

/** The trimmed value, or undefined when the kernel has no such setting. */
export function readSysctl(path: string): string | undefined {
  const file = `${root}/${path}`
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** Writes unless it is so already; /proc may be read-only for a setting that is right. */
export function writeSysctl(path: string, value: string): void {
  if (readSysctl(path) !== value) writeFileSync(`${root}/${path}`, value)
}

/** First and last port that the kernel, and so we, give out when none is asked for. */
export function readEphemeralRange(): { readonly first: number; readonly last: number } {
  const [first = Number.NaN, last = Number.NaN] = (readSysctl('ipv4/ip_local_port_range') ?? '')
    .split(/\s+/)
    .map(Number)
  return Number.isInteger(first) && Number.isInteger(last)
    ? { first, last }
    : { first: 49153, last: 65535 }
}

/** Whether this host has an IPv6 address at all. */
export function hostHasIpv6(): boolean {
  const path = '/proc/thread-self/net/if_inet6'
  return existsSync(path) && readFileSync(path, 'utf8').trim() !== ''
}
