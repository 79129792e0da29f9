import { shortId } from '#base/ids.ts'
import type { Command } from '#cli/command.ts'
import { declareFilter, declareListFormat } from '#cli/format-flags.ts'
import { formatList } from '#cli/format/list.ts'
import { formatInstant } from '#cli/format/units.ts'

const columns = [
  { field: 'ID', header: 'NETWORK ID' },
  { field: 'Name', header: 'NAME' },
  { field: 'Driver', header: 'DRIVER' },
  { field: 'Scope', header: 'SCOPE' },
] as const

const extraHeaders = {
  IPv4: 'IPV4',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
}

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const filter = declareFilter(flags, 'Provide filter values (e.g. "driver=bridge")')
    const format = declareListFormat(flags)
    const noTrunc = flags.bool('no-trunc', 'Do not truncate the output')
    const quiet = flags.bool('quiet', 'Only display network IDs', { short: 'q' })
    return async (_args, { client, output, settings }) => {
      const networks = await client.networks.list({ filters: filter.value })
      const rows = networks
        .toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
        .map((network) => ({
          ID: noTrunc.value ? network.Id : shortId(network.Id),
          Name: network.Name,
          Driver: network.Driver,
          Scope: network.Scope,
          IPv4: String(network.EnableIPv4),
          IPv6: String(network.EnableIPv6),
          Internal: String(network.Internal),
          Labels: Object.entries(network.Labels)
            .map((pair) => pair.join('='))
            .join(','),
          CreatedAt: formatInstant(network.Created),
          Label: (name: unknown) => network.Labels[String(name)] ?? '',
        }))
      output.write(
        quiet.value && format.value === ''
          ? rows.map((row) => `${row.ID}\n`).join('')
          : await formatList({
              rows,
              format: format.value || (settings.file.networksFormat ?? ''),
              columns,
              extraHeaders,
              raw: 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n',
            }),
      )
      return 0
    }
  },
}
