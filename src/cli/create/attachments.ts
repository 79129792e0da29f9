import { EngineError } from '#base/errors.ts'
import { splitCsv } from '#cli/create/mounts.ts'
import { nonEmpty, toRecord } from '#cli/create/pairs.ts'
import { isAddress } from '#cli/create/ports.ts'
import { parseInteger } from '#cli/flags/flag-set.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import type { EndpointSettings, NetworkingConfig } from '#wire/containers.ts'

/** `--network` as read: the network's name and what the container wants of it. */
export interface Attachment {
  readonly network: string
  readonly endpoint: EndpointSettings
}

/** Flags about which networks a container joins, and how. */
export function declareAttachmentFlags(
  flags: FlagSet,
): () => { readonly mode: string; readonly networking: NetworkingConfig | undefined } {
  const attachments: Attachment[] = []
  const network = {
    initial: attachments,
    type: 'network',
    parse: (text: string, previous: Attachment[]) => [...previous, parseAttachment(text)],
  }
  const main = flags.add('network', 'Connect a container to a network', network)
  const old = flags.add('net', 'Connect a container to a network', { ...network, isHidden: true })
  const own = declareEndpointFlags(flags)
  return () => {
    const [first = { network: 'default', endpoint: {} }, ...others] = [...main.value, ...old.value]
    const endpoint = mergeEndpoints(first, own())
    const all = [{ network: first.network, endpoint }, ...others]
    const isPlain = JSON.stringify(endpoint) === '{}' && others.length === 0
    const entries = all.map((attachment) => [attachment.network, attachment.endpoint])
    return {
      mode: first.network,
      networking: isPlain ? undefined : { EndpointsConfig: Object.fromEntries(entries) },
    }
  }
}

/** The flags that speak of the first network. */
function declareEndpointFlags(flags: FlagSet): () => EndpointSettings {
  const alias = flags.list('network-alias', 'Add network-scoped alias for the container')
  const oldAlias = flags.list('net-alias', 'Add network-scoped alias', { isHidden: true })
  const ip = flags.text('ip', 'IPv4 address (e.g., 172.30.100.104)')
  const ip6 = flags.text('ip6', 'IPv6 address (e.g., 2001:db8::33)')
  const linkLocal = flags.list('link-local-ip', 'Container IPv4/IPv6 link-local addresses', {
    check: checkAddress,
  })
  const mac = flags.text('mac-address', 'Container MAC address (e.g., 92:d0:c6:0a:29:33)')
  return () => {
    if (mac.value !== '' && !macPattern.test(mac.value)) {
      throw new EngineError('invalid_argument', `${mac.value} is not a valid mac address`)
    }
    return {
      ...(nonEmpty([...alias.value, ...oldAlias.value]) && {
        Aliases: [...alias.value, ...oldAlias.value],
      }),
      ...ipamConfig(ip.value, ip6.value, linkLocal.value),
      ...(mac.value === '' ? {} : { MacAddress: mac.value }),
    }
  }
}

const macPattern = /^[0-9a-fA-F]{2}(([:-][0-9a-fA-F]{2}){5}|([:-][0-9a-fA-F]{2}){7})$/

function ipamConfig(
  ip: string,
  ip6: string,
  linkLocal: readonly string[],
): Pick<EndpointSettings, 'IPAMConfig'> {
  const config = {
    ...(ip === '' ? {} : { IPv4Address: ip }),
    ...(ip6 === '' ? {} : { IPv6Address: ip6 }),
    ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
  }
  return Object.keys(config).length === 0 ? {} : { IPAMConfig: config }
}

const predefined = new Set(['default', 'bridge', 'host', 'none'])

/** @throws EngineError invalid_argument in Docker's words */
function mergeEndpoints(
  { network, endpoint }: Attachment,
  own: EndpointSettings,
): EndpointSettings {
  const aliases = [...(endpoint.Aliases ?? []), ...(own.Aliases ?? [])]
  if (aliases.length > 0 && (predefined.has(network) || network.startsWith('container:'))) {
    const message = 'network-scoped aliases are only supported for user-defined networks'
    throw new EngineError('invalid_argument', message)
  }
  const merged = { ...endpoint, ...own }
  return aliases.length === 0 ? merged : { ...merged, Aliases: aliases }
}

const attachmentKeys = new Set([
  'name',
  'alias',
  'ip',
  'ip6',
  'mac-address',
  'link-local-ip',
  'driver-opt',
  'gw-priority',
])

/** Reads `mynet`, or `name=mynet,alias=a,ip=10.0.0.2,…`. @throws Error with Docker's text */
export function parseAttachment(text: string): Attachment {
  if (!text.includes('=')) return { network: text, endpoint: {} }
  const fields = splitCsv(text).map((part): [string, string] => {
    const equals = part.indexOf('=')
    if (equals === -1) throw new Error(`invalid field ${part}`)
    return [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()]
  })
  const unknown = fields.find(([key]) => !attachmentKeys.has(key))
  if (unknown) throw new Error(`invalid field key ${unknown[0]}`)
  const all = (key: string) => fields.flatMap(([name, value]) => (name === key ? [value] : []))
  const last = (key: string) => all(key).at(-1)
  const name = last('name') ?? ''
  if (name === '') throw new Error('network name must be specified')
  const macAddress = last('mac-address')
  const priority = last('gw-priority')
  const options = toRecord(all('driver-opt').map(checkOption))
  return {
    network: name,
    endpoint: {
      ...(nonEmpty(all('alias')) && { Aliases: all('alias') }),
      ...ipamConfig(last('ip') ?? '', last('ip6') ?? '', all('link-local-ip')),
      ...(macAddress === undefined ? {} : { MacAddress: macAddress }),
      ...(options && { DriverOpts: options }),
      ...(priority === undefined ? {} : { GwPriority: parseInteger(priority) }),
    },
  }
}

function checkOption(text: string): string {
  if (/^[^=]+=/.test(text)) return text.trim().toLowerCase()
  throw new Error('invalid key value pair format in driver options')
}

function checkAddress(text: string): string {
  if (isAddress(text.trim())) return text.trim()
  throw new EngineError('invalid_argument', `IP address is not correctly formatted: ${text}`)
}
