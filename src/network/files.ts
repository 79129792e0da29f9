/** The files that give a container its names: /etc/hosts, /etc/resolv.conf, /etc/hostname. Pure. */
import { isIP, isIPv6 } from 'node:net'
import { EngineError } from '#base/errors.ts'

export interface HostsOptions {
  readonly hostname: string
  readonly domainname?: string
  /** The container's addresses; none with `--network none`. */
  readonly addresses: readonly string[]
  /** `--add-host` texts: `name:address`, `name=address`, address `host-gateway` for the host itself. */
  readonly extraHosts: readonly string[]
  /** What `host-gateway` means: the gateway of the default bridge. */
  readonly hostGateway?: string
  readonly hasIpv6?: boolean
  /** Text to start from in place of the default entries: the host's own file for `--network host`. */
  readonly base?: string
}

/** @throws EngineError invalid_argument for an extra host that is not `name:address` */
export function hostsFile(options: HostsOptions): string {
  const { hostname, domainname, addresses } = options
  const fullName = domainname === undefined || domainname === '' ? '' : `${hostname}.${domainname}`
  const names = fullName === '' ? hostname : `${fullName} ${hostname}`
  const base = options.base === undefined ? defaultHosts(options.hasIpv6 === true) : options.base
  return [
    base.endsWith('\n') || base === '' ? base : `${base}\n`,
    ...options.extraHosts.map((text) => extraHostLine(text, options.hostGateway)),
    ...addresses.map((address) => `${address}\t${names}\n`),
  ].join('')
}

const ipv6Hosts: readonly (readonly [string, string])[] = [
  ['::1', 'localhost ip6-localhost ip6-loopback'],
  ['fe00::', 'ip6-localnet'],
  ['ff00::', 'ip6-mcastprefix'],
  ['ff02::1', 'ip6-allnodes'],
  ['ff02::2', 'ip6-allrouters'],
]

function defaultHosts(hasIpv6: boolean): string {
  return [['127.0.0.1', 'localhost'], ...(hasIpv6 ? ipv6Hosts : [])]
    .map(([address, names]) => `${address}\t${names}\n`)
    .join('')
}

function extraHostLine(text: string, hostGateway: string | undefined): string {
  const { name, address } = checkExtraHost(text)
  const resolved = address === 'host-gateway' ? hostGateway : address
  if (resolved === undefined) {
    throw new EngineError('invalid_argument', 'unable to derive the IP value for host-gateway')
  }
  return `${resolved}\t${name}\n`
}

/** The parts of `name:address`. @throws EngineError invalid_argument with Docker's texts */
export function checkExtraHost(text: string): { readonly name: string; readonly address: string } {
  const match = /^([^:=]+)[:=](.+)$/.exec(text)
  const [, name = '', wanted = ''] = match ?? []
  if (!match) throw new EngineError('invalid_argument', `bad format for add-host: "${text}"`)
  const bare = wanted.replace(/^\[(.*)\]$/, '$1')
  if (bare !== 'host-gateway' && isIP(bare) === 0) {
    throw new EngineError('invalid_argument', `invalid IP address in add-host: "${wanted}"`)
  }
  return { name, address: bare }
}

export function hostnameFile(hostname: string): string {
  return `${hostname}\n`
}

/** Where systemd-resolved keeps the servers that its stub at 127.0.0.53 asks. */
export const resolvedConfPath = '/run/systemd/resolve/resolv.conf'

/** True when the host's file names only systemd-resolved's stub, so `resolvedConfPath` is to be read. */
export function isResolvedStub(hostText: string): boolean {
  const servers = readLines(hostText, 'nameserver')
  return servers.length > 0 && servers.every((server) => server === '127.0.0.53')
}

export interface ResolvConfOptions {
  /** The host's own resolv.conf. */
  readonly hostText: string
  /** `--dns`, `--dns-search`, `--dns-option`: each replaces the host's lines of its kind. */
  readonly servers: readonly string[]
  /** A single `.` means none. */
  readonly search: readonly string[]
  readonly options: readonly string[]
  readonly hasIpv6?: boolean
  /** Loopback servers are good in the host's own namespace (`--network host`). */
  readonly keepsLoopback?: boolean
}

/** Docker's servers of last resort. */
const fallbackServers: readonly string[] = ['8.8.8.8', '8.8.4.4']

/**
 * The host's settings as far as they mean something inside: servers on its
 * loopback, and IPv6 ones without IPv6, are left out.
 */
export function resolvConf(options: ResolvConfOptions): string {
  const { hostText } = options
  const usable = readLines(hostText, 'nameserver').filter((server) => isUsable(server, options))
  const fallback = options.keepsLoopback === true ? [] : fallbackServers
  const hostServers = usable.length > 0 ? usable : fallback
  const servers = options.servers.length > 0 ? options.servers : hostServers
  const hostSearch = readLines(hostText, 'search').at(-1) ?? ''
  const search = options.search.length > 0 ? options.search.join(' ') : hostSearch
  const resolverOptions =
    options.options.length > 0 ? options.options : readLines(hostText, 'options')
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(search === '' || search === '.' ? [] : [`search ${search}\n`]),
    ...(resolverOptions.length === 0 ? [] : [`options ${resolverOptions.join(' ')}\n`]),
  ].join('')
}

function readLines(text: string, keyword: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first === keyword)
    .map(([, ...rest]) => rest.join(' '))
    .filter((value) => value !== '')
}

function isUsable(server: string, options: ResolvConfOptions): boolean {
  if (options.keepsLoopback === true) return true
  if (server.startsWith('127.') || server === '::1') return false
  return options.hasIpv6 === true || !isIPv6(server.replace(/%.*$/, ''))
}
