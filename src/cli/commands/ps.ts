import type { Command } from '#cli/command.ts'
import { declareFilter, declareListFormat } from '#cli/format-flags.ts'
import { containerRow } from '#cli/format/container-row.ts'
import type { ContainerRow } from '#cli/format/container-row.ts'
import { formatList } from '#cli/format/list.ts'
import type { Column } from '#cli/format/list.ts'

const columns: readonly Column<ContainerRow>[] = [
  { field: 'ID', header: 'CONTAINER ID' },
  { field: 'Image', header: 'IMAGE' },
  { field: 'Command', header: 'COMMAND' },
  { field: 'RunningFor', header: 'CREATED' },
  { field: 'Status', header: 'STATUS' },
  { field: 'Ports', header: 'PORTS' },
  { field: 'Names', header: 'NAMES' },
]

const extraHeaders = {
  CreatedAt: 'CREATED AT',
  State: 'STATE',
  Labels: 'LABELS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Platform: 'PLATFORM',
  Size: 'SIZE',
  Label: (name: unknown) => String(name).split(/[.-]/).join(' '),
}

const raw = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`

const ignoredFormat =
  'WARNING: Ignoring custom format, because both --format and --quiet are set.\n'

/** A template that asks for sizes, by name or as a part of the whole row. */
const sizeUse = /\.Size|json +\.[\s)}-]|\{\{-? *\. *\| *json/

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const all = flags.bool('all', 'Show all containers (default shows just running)', {
      short: 'a',
    })
    const filter = declareFilter(flags)
    const format = declareListFormat(flags)
    const last = flags.integer('last', 'Show n last created containers (includes all states)', {
      short: 'n',
      initial: -1,
    })
    const latest = flags.bool('latest', 'Show the latest created container (includes all states)', {
      short: 'l',
    })
    const noTrunc = flags.bool('no-trunc', "Don't truncate output")
    const quiet = flags.bool('quiet', 'Only display container IDs', { short: 'q' })
    const size = flags.bool('size', 'Display total file sizes', { short: 's' })
    return async (_args, { client, output, settings }) => {
      if (quiet.value && format.value !== '') output.writeError(ignoredFormat)
      const chosen = quiet.value ? '' : format.value || (settings.file.psFormat ?? '')
      const needsSize = size.value || (!size.isSet && sizeUse.test(chosen))
      const containers = await client.containers.list({
        all: all.value || latest.value || last.value > 0,
        limit: latest.value && last.value === -1 ? 1 : last.value > 0 ? last.value : undefined,
        size: needsSize,
        filters: filter.value,
      })
      const nowMs = Date.now()
      const rows = containers.map((container) =>
        containerRow(container, { nowMs, isTruncated: !noTrunc.value }),
      )
      const sized = size.value ? [...columns, { field: 'Size', header: 'SIZE' } as const] : columns
      output.write(
        quiet.value
          ? rows.map((row) => `${row.ID}\n`).join('')
          : await formatList({
              rows,
              format: chosen,
              columns: sized,
              extraHeaders,
              raw: size.value ? `${raw}size: {{.Size}}\n` : raw,
            }),
      )
      return 0
    }
  },
}
