import type { Command } from '#cli/command.ts'
import { declareListFormat } from '#cli/format-flags.ts'
import { formatList } from '#cli/format/list.ts'
import { formatSize } from '#cli/format/units.ts'
import type { BuildCacheRecord } from '#wire/build.ts'
import { formatDuration } from '#wire/duration.ts'

const columns = [
  { field: 'ID', header: 'ID' },
  { field: 'Type', header: 'TYPE' },
  { field: 'Size', header: 'SIZE' },
  { field: 'LastAccessed', header: 'LAST ACCESSED' },
  { field: 'UsageCount', header: 'USAGE' },
  { field: 'Reclaimable', header: 'RECLAIMABLE' },
  { field: 'Description', header: 'DESCRIPTION' },
] as const

/** Characters of a description on one line of the table. */
const descriptionWidth = 60
const idWidth = 12

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const format = declareListFormat(flags)
    const verbose = flags.bool('verbose', 'Provide a more verbose output')
    return async (_args, { client, output }) => {
      const records = await client.builds.usage()
      const isTable = format.value === '' || format.value.startsWith('table')
      const rows = records.map((record) => rowOf(record, !verbose.value && isTable))
      output.write(await formatList({ rows, format: format.value, columns }))
      if (!isTable) return 0
      const total = sum(records)
      const reclaimable = sum(records.filter(({ InUse }) => !InUse))
      output.write(`Reclaimable:\t${formatSize(reclaimable)}\nTotal:\t\t${formatSize(total)}\n`)
      return 0
    }
  },
}

function rowOf(record: BuildCacheRecord, isShort: boolean) {
  const { LastUsedAt } = record
  const line = record.Description.split('\n')[0] ?? ''
  const isCut = isShort && line.length > descriptionWidth
  return {
    ID: isShort ? record.ID.slice(0, idWidth) : record.ID,
    Type: record.Type,
    Size: formatSize(record.Size),
    LastAccessed:
      LastUsedAt === null ? '' : `${formatDuration(Date.now() - Date.parse(LastUsedAt))} ago`,
    UsageCount: record.UsageCount,
    Reclaimable: !record.InUse,
    Description: isCut ? `${line.slice(0, descriptionWidth - 1)}…` : line,
  }
}

function sum(records: readonly BuildCacheRecord[]): number {
  return records.reduce((total, { Size }) => total + Size, 0)
}
