import { EngineError } from '#base/errors.ts'
import { declareAttachmentFlags } from '#cli/create/attachments.ts'
import { nonEmpty } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import { isAddress, parsePorts } from '#cli/create/ports.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import type { NetworkingConfig } from '#wire/containers.ts'

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
  const link = flags.list('link', 'Add link to another container', { check: checkLink })
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
        Links: nonEmpty(link.value),
        ExtraHosts: nonEmpty(addHost.value),
        Dns: nonEmpty(dns.value),
        DnsOptions: nonEmpty([...dnsOption.value, ...dnsOpt.value]),
        DnsSearch: nonEmpty(dnsSearch.value),
      },
      networking,
    }
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

/** `NAME` or `NAME:ALIAS`. */
function checkLink(text: string): string {
  const parts = text.split(':')
  if (text === '' || parts.length > 2) throw new Error(`bad format for links: ${text}`)
  return parts.length === 1 ? `${text}:${text}` : text
}

function checkAddress(text: string): string {
  if (!isAddress(text.trim())) {
    throw new EngineError('invalid_argument', `IP address is not correctly formatted: ${text}`)
  }
  return text.trim()
}
