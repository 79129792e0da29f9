import { EngineError } from '#base/errors.ts'
import type { PortBindingBody } from '#wire/endpoints.ts'

export interface PublishedPorts {
  readonly exposed: Readonly<Record<string, object>> | undefined
  readonly bindings: Readonly<Record<string, readonly PortBindingBody[]>> | undefined
}

interface Range {
  readonly first: number
  readonly last: number
}

/**
 * Reads `-p` texts (`80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]::80`,
 * `8000-8010:80-90`, `8000-8010:80`) and `--expose` texts (`80`, `80-90/tcp`).
 * @throws EngineError invalid_argument with Docker's text
 */
export function parsePorts(publish: readonly string[], expose: readonly string[]): PublishedPorts {
  const exposed: Record<string, object> = {}
  const bindings: Record<string, PortBindingBody[]> = {}
  for (const text of publish) {
    for (const { port, binding } of parsePublish(text)) {
      exposed[port] = {}
      ;(bindings[port] ??= []).push(binding)
    }
  }
  for (const text of expose) {
    if (text.includes(':')) throw invalid(`invalid port format for --expose: ${text}`)
    const { protocol, rest } = splitProtocol(text)
    const range = parseRange(rest)
    if (!range) {
      const reason = `strconv.ParseUint: parsing "${rest}": invalid syntax`
      throw invalid(`invalid range format for --expose: ${text}, error: ${reason}`)
    }
    for (let port = range.first; port <= range.last; port++) exposed[`${port}/${protocol}`] = {}
  }
  return { exposed: nonEmptyRecord(exposed), bindings: nonEmptyRecord(bindings) }
}

interface Published {
  readonly port: string
  readonly binding: PortBindingBody
}

function parsePublish(text: string): Published[] {
  const { protocol, rest } = splitProtocol(text)
  const { address, hostText, containerText } = splitAddress(rest)
  if (containerText === '') throw invalid(`no port specified: ${text}<empty>`)
  const container = parseRange(containerText)
  if (!container) throw invalid(`invalid containerPort: ${containerText}`)
  const host = hostText === '' ? undefined : parseRange(hostText)
  if (hostText !== '' && !host) throw invalid(`invalid hostPort: ${hostText}`)
  const count = container.last - container.first
  if (host && host.last - host.first !== count && count !== 0) {
    throw invalid(
      `invalid ranges specified for container and host Ports: ${containerText} and ${hostText}`,
    )
  }
  return Array.from({ length: count + 1 }, (_, index) => ({
    port: `${container.first + index}/${protocol}`,
    binding: { HostIp: address, HostPort: hostPortText(host, index, count) },
  }))
}

/** One container port with a range of host ports gets the whole range: the engine picks a free one. */
function hostPortText(host: Range | undefined, index: number, count: number): string {
  if (!host) return ''
  if (count === 0 && host.last !== host.first) return `${host.first}-${host.last}`
  return String(host.first + index)
}

function splitProtocol(text: string): { protocol: string; rest: string } {
  const slash = text.lastIndexOf('/')
  if (slash === -1) return { protocol: 'tcp', rest: text }
  const protocol = text.slice(slash + 1).toLowerCase()
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw invalid(`invalid proto: ${protocol}`)
  return { protocol, rest: text.slice(0, slash) }
}

function splitAddress(text: string): { address: string; hostText: string; containerText: string } {
  const match = /^(?:(\[[^\]]*\]|.*):)?([^:]*):([^:]*)$/.exec(text)
  if (!match) return { address: '', hostText: '', containerText: text }
  const [, written = '', hostText = '', containerText = ''] = match
  const address = written.replace(/^\[(.*)\]$/, '$1')
  if (address !== '' && !isAddress(address)) throw invalid(`invalid IP address: ${address}`)
  return { address, hostText, containerText }
}

/** Good enough to tell an address from a mistake; the engine decides. */
export function isAddress(text: string): boolean {
  const octets = text.split('.')
  if (octets.length === 4) {
    return octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255)
  }
  return text.includes(':') && /^[0-9a-fA-F:.]+(%\w+)?$/.test(text)
}

function parseRange(text: string): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  if (!match) return undefined
  const first = Number(match[1])
  const last = Number(match[2] ?? match[1])
  return first > last || last > 65535 ? undefined : { first, last }
}

function nonEmptyRecord<T>(record: Record<string, T>): Record<string, T> | undefined {
  return Object.keys(record).length === 0 ? undefined : record
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
