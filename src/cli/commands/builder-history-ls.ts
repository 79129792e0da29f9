import type { Command } from '#cli/command.ts'
import { declareListFormat } from '#cli/format-flags.ts'
import { formatList } from '#cli/format/list.ts'
import type { BuildRecord } from '#wire/build.ts'
import { formatDuration } from '#wire/duration.ts'

const columns = [
  { field: 'ID', header: 'BUILD ID' },
  { field: 'Name', header: 'NAME' },
  { field: 'Status', header: 'STATUS' },
  { field: 'Steps', header: 'STEPS' },
  { field: 'CreatedAt', header: 'CREATED AT' },
  { field: 'Duration', header: 'DURATION' },
] as const

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const format = declareListFormat(flags)
    const quiet = flags.bool('quiet', 'Only display build IDs', { short: 'q' })
    return async (_args, { client, output }) => {
      const rows = (await client.builds.list()).map(rowOf)
      output.write(
        quiet.value
          ? rows.map(({ ID }) => `${ID}\n`).join('')
          : await formatList({ rows, format: format.value, columns }),
      )
      return 0
    }
  },
}

function rowOf(record: BuildRecord) {
  const startedMs = Date.parse(record.StartedAt)
  const endedMs = record.FinishedAt === undefined ? Date.now() : Date.parse(record.FinishedAt)
  return {
    ID: record.Id,
    Name: record.Name,
    Status: record.Status,
    Steps: `${record.TotalSteps} (${record.CachedSteps} cached)`,
    CreatedAt: `${formatDuration(Date.now() - startedMs)} ago`,
    Duration: `${((endedMs - startedMs) / 1000).toFixed(1)}s`,
  }
}
