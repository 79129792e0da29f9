import type { PortSummary } from '#wire/endpoints.ts'

interface Group {
  readonly ip: string
  readonly protocol: string
  readonly publicFirst: number | undefined
  readonly first: number
  last: number
}

/** `0.0.0.0:8080-8081->80-81/tcp, 443/tcp`: consecutive ports as ranges. */
export function formatPorts(ports: readonly PortSummary[]): string {
  const groups: Group[] = []
  for (const port of ports.toSorted(comparePorts)) {
    const group = groups.at(-1)
    if (group && continues(group, port)) {
      group.last = port.PrivatePort
      continue
    }
    groups.push({
      ip: port.IP ?? '',
      protocol: port.Type,
      publicFirst: port.PublicPort,
      first: port.PrivatePort,
      last: port.PrivatePort,
    })
  }
  return groups.map(formatGroup).join(', ')
}

function continues(group: Group, port: PortSummary): boolean {
  const { publicFirst } = group
  return (
    group.ip === (port.IP ?? '') &&
    group.protocol === port.Type &&
    port.PrivatePort === group.last + 1 &&
    (publicFirst === undefined
      ? port.PublicPort === undefined
      : port.PublicPort === publicFirst + port.PrivatePort - group.first)
  )
}

function formatGroup({ ip, protocol, publicFirst, first, last }: Group): string {
  const inside = range(first, last)
  if (publicFirst === undefined) return `${inside}/${protocol}`
  const address = ip.includes(':') ? `[${ip}]` : ip
  return `${address === '' ? '' : `${address}:`}${range(publicFirst, publicFirst + last - first)}->${inside}/${protocol}`
}

function range(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`
}

function comparePorts(a: PortSummary, b: PortSummary): number {
  return (
    compareText(a.IP ?? '', b.IP ?? '') ||
    compareText(a.Type, b.Type) ||
    a.PrivatePort - b.PrivatePort ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
