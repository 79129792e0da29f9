import { EngineError } from '#base/errors.ts'
import { nonEmpty } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import { isAddress, parsePorts } from '#cli/create/ports.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import type { EndpointSettings, NetworkingConfig } from '#wire/containers.ts'

export interface NetworkPart extends CreatePart {
  readonly networking: NetworkingConfig | undefined
}

/** Flags about networks, names and ports. */
export function declareNetworkFlags(flags: FlagSet): () => NetworkPart {
  const attachments = declareAttachmentFlags(flags)
  const addHost = flags.list('add-host', 'Add a custom host-to-IP mapping (host:ip)', {
    check: checkExtraHost,
  })
  const dns = flags.list('dns', 'Set custom DNS servers', { check: checkAddress })
  const dnsOption = flags.list('dns-option', 'Set DNS options')
  const dnsOpt = flags.list('dns-opt', 'Set DNS options', { isHidden: true })
  const dnsSearch = flags.list('dns-search', 'Set custom DNS search domains')
  const publish = flags.list('publish', "Publish a container's port(s) to the host", { short: 'p' })
  const publishAll = flags.bool('publish-all', 'Publish all exposed ports to random ports', {
    short: 'P',
  })
  const expose = flags.list('expose', 'Expose a port or a range of ports')
  return () => {
    const ports = parsePorts(publish.value, expose.value)
    const { mode, networking } = attachments()
    return {
      config: { ExposedPorts: ports.exposed },
      host: {
        NetworkMode: mode,
        PortBindings: ports.bindings,
        PublishAllPorts: publishAll.value || undefined,
        ExtraHosts: nonEmpty(addHost.value),
        Dns: nonEmpty(dns.value),
        DnsOptions: nonEmpty([...dnsOption.value, ...dnsOpt.value]),
        DnsSearch: nonEmpty(dnsSearch.value),
      },
      networking,
    }
  }
}

interface Attachment {
  readonly network: string
  readonly endpoint: EndpointSettings
}

function declareAttachmentFlags(
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
  const alias = flags.list('network-alias', 'Add network-scoped alias for the container')
  const oldAlias = flags.list('net-alias', 'Add network-scoped alias', { isHidden: true })
  const ip = flags.text('ip', 'IPv4 address (e.g., 172.30.100.104)')
  const mac = flags.text('mac-address', 'Container MAC address (e.g., 92:d0:c6:0a:29:33)')
  return () => {
    const given = [...main.value, ...old.value]
    const [first = { network: 'default', endpoint: {} }, ...others] = given
    const aliases = [...(first.endpoint.Aliases ?? []), ...alias.value, ...oldAlias.value]
    const endpoint: EndpointSettings = {
      ...first.endpoint,
      Aliases: nonEmpty(aliases),
      ...(ip.value === '' ? {} : { IPAMConfig: { IPv4Address: ip.value } }),
      ...(mac.value === '' ? {} : { MacAddress: mac.value }),
    }
    const all = [{ network: first.network, endpoint }, ...others]
    const isPlain = JSON.stringify(endpoint) === '{}' && others.length === 0
    const entries = all.map((attachment) => [attachment.network, attachment.endpoint])
    return {
      mode: first.network,
      networking: isPlain ? undefined : { EndpointsConfig: Object.fromEntries(entries) },
    }
  }
}

/** `mynet`, or `name=mynet,alias=a,ip=10.0.0.2,mac-address=…`. */
function parseAttachment(text: string): Attachment {
  if (!text.includes('=')) return { network: text, endpoint: {} }
  const fields = text.split(',').map((part): [string, string] => {
    const equals = part.indexOf('=')
    if (equals === -1) throw new Error(`invalid field ${part}`)
    return [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()]
  })
  const unknown = fields.find(([key]) => !['name', 'alias', 'ip', 'mac-address'].includes(key))
  if (unknown) throw new Error(`invalid field key ${unknown[0]}`)
  const last = (key: string) => fields.findLast(([name]) => name === key)?.[1]
  const address = last('ip')
  const name = last('name') ?? ''
  if (name === '') throw new Error('network name must be specified')
  return {
    network: name,
    endpoint: {
      Aliases: nonEmpty(fields.flatMap(([key, value]) => (key === 'alias' ? [value] : []))),
      MacAddress: last('mac-address'),
      ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }),
    },
  }
}

export function checkExtraHost(text: string): string {
  const match = /^([^:=]+)[:=](.+)$/.exec(text)
  if (!match) throw new Error(`bad format for add-host: "${text}"`)
  const [, name = '', written = ''] = match
  const address = written.replace(/^\[(.*)\]$/, '$1')
  if (address !== 'host-gateway' && !isAddress(address)) {
    throw new Error(`invalid IP address in add-host: "${address}"`)
  }
  return `${name}:${address}`
}

function checkAddress(text: string): string {
  if (!isAddress(text.trim())) {
    throw new EngineError('invalid_argument', `IP address is not correctly formatted: ${text}`)
  }
  return text.trim()
}
