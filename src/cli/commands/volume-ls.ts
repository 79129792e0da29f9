import type { Command } from '#cli/command.ts'
import { declareFilter, declareListFormat } from '#cli/format-flags.ts'
import { formatList } from '#cli/format/list.ts'

const columns = [
  { field: 'Driver', header: 'DRIVER' },
  { field: 'Name', header: 'VOLUME NAME' },
] as const

const extraHeaders = {
  Scope: 'SCOPE',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Size: 'SIZE',
  Links: 'LINKS',
  Availability: 'AVAILABILITY',
  Group: 'GROUP',
  Status: 'STATUS',
}

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const filter = declareFilter(flags, 'Provide filter values (e.g. "dangling=true")')
    const format = declareListFormat(flags)
    const quiet = flags.bool('quiet', 'Only display volume names', { short: 'q' })
    return async (_args, { client, output, settings }) => {
      const { Volumes } = await client.volumes.list({ filters: filter.value })
      const rows = (Volumes ?? [])
        .toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
        .map((volume) => ({
          Name: volume.Name,
          Driver: volume.Driver,
          Scope: volume.Scope,
          Mountpoint: volume.Mountpoint,
          Labels: Object.entries(volume.Labels ?? {})
            .map((pair) => pair.join('='))
            .join(','),
          Size: 'N/A',
          Links: 'N/A',
          // Only volumes of a cluster have these.
          Availability: 'N/A',
          Group: 'N/A',
          Status: 'N/A',
          Label: (name: unknown) => volume.Labels?.[String(name)] ?? '',
        }))
      output.write(
        quiet.value && format.value === ''
          ? rows.map((row) => `${row.Name}\n`).join('')
          : await formatList({
              rows,
              format: format.value || (settings.file.volumesFormat ?? ''),
              columns,
              extraHeaders,
              raw: 'name: {{.Name}}\ndriver: {{.Driver}}\n',
            }),
      )
      return 0
    }
  },
}
