/** Where a registry is reached, and which ones may be reached without trust. */
import { BlockList, isIP } from 'node:net'
import { EngineError } from '#base/errors.ts'
import { defaultRegistry } from '#oci/reference.ts'

/** One place to try, in order. */
export interface Endpoint {
  readonly baseUrl: URL
  /** Credentials are for the registry itself and never sent to a mirror. */
  readonly isMirror: boolean
}

/** Where the API of the registry at `baseUrl` begins: `https://host/v2/`. */
export function apiRootOf(baseUrl: URL): string {
  return `${baseUrl.href.replace(/\/$/, '')}/v2/`
}

/** docker.io's real host. */
const hubHost = 'registry-1.docker.io'

/**
 * Decides whether `host[:port]` may be used over plain http or with an unverified certificate:
 * loopback always, the rest when listed by name or CIDR. Names are not looked up.
 * @throws EngineError invalid_argument for a list entry that is neither
 */
export function createInsecureCheck(listed: readonly string[]): (host: string) => boolean {
  const names = new Set<string>()
  const networks = new BlockList()
  networks.addSubnet('127.0.0.0', 8, 'ipv4')
  networks.addAddress('::1', 'ipv6')
  for (const entry of listed) {
    const [address = '', prefix, ...rest] = entry.split('/')
    const family = isIP(address)
    if (prefix === undefined && entry !== '') names.add(entry.toLowerCase())
    else if (family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix ?? '')) {
      addSubnet(networks, entry)
    } else {
      throw new EngineError(
        'invalid_argument',
        `insecure registry ${entry} is not valid: invalid host "${entry}"`,
      )
    }
  }
  return (host) => {
    const name = hostName(host)
    if (names.has(host.toLowerCase()) || names.has(name) || name === 'localhost') return true
    const family = isIP(name)
    return family !== 0 && networks.check(name, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** The places of `registry` in the order to try them. */
export function endpointsOf(
  registry: string,
  options: { readonly mirrors: readonly string[]; readonly isInsecure: (host: string) => boolean },
): Endpoint[] {
  if (registry === defaultRegistry) {
    const mirrors = options.mirrors.map((url) => ({ baseUrl: new URL(url), isMirror: true }))
    return [...mirrors, { baseUrl: new URL(`https://${hubHost}`), isMirror: false }]
  }
  const schemes = options.isInsecure(registry) ? ['https', 'http'] : ['https']
  return schemes.map((scheme) => ({ baseUrl: new URL(`${scheme}://${registry}`), isMirror: false }))
}

function addSubnet(networks: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/')
  try {
    networks.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  } catch (error) {
    throw new EngineError('invalid_argument', `insecure registry ${entry} is not valid`, {
      cause: error,
    })
  }
}

/** Without port and brackets, lower case. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(host)
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase()
}
