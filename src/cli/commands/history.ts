import { shortId } from '#base/ids.ts'
import type { Command } from '#cli/command.ts'
import { declareListFormat } from '#cli/format-flags.ts'
import { platformQuery } from '#cli/platform-query.ts'
import { ellipsis, formatList } from '#cli/format/list.ts'
import type { Column } from '#cli/format/list.ts'
import { formatSize } from '#cli/format/units.ts'
import { formatDuration } from '#wire/duration.ts'

const columns: readonly Column<HistoryRow>[] = [
  { field: 'ID', header: 'IMAGE' },
  { field: 'CreatedSince', header: 'CREATED' },
  { field: 'CreatedBy', header: 'CREATED BY' },
  { field: 'Size', header: 'SIZE' },
  { field: 'Comment', header: 'COMMENT' },
]

interface HistoryRow {
  readonly ID: string
  readonly CreatedAt: string
  readonly CreatedSince: string
  readonly CreatedBy: string
  readonly Size: string
  readonly Comment: string
}

/** Without `--human` the column shows an instant. */
const exactColumns = columns.toSpliced(1, 1, { field: 'CreatedSince', header: 'CREATED AT' })

export const command: Command = {
  usage: '[OPTIONS] IMAGE',
  args: { min: 1, max: 1 },
  completes: 'images',
  declare(flags) {
    const format = declareListFormat(flags)
    const human = flags.bool('human', 'Print sizes and dates in human readable format', {
      short: 'H',
      initial: true,
    })
    const noTrunc = flags.bool('no-trunc', "Don't truncate output")
    const platform = flags.text('platform', 'Show history for the given platform')
    const quiet = flags.bool('quiet', 'Only show image IDs', { short: 'q' })
    return async ([name = ''], { client, output }) => {
      const nowMs = Date.now()
      const rows = (
        await client.images.history(name, { platform: platformQuery(platform.value) })
      ).map((item) => {
        const createdAt = new Date(item.Created * 1000).toISOString().replace('.000Z', 'Z')
        return {
          ID: noTrunc.value ? item.Id : shortId(item.Id),
          CreatedAt: createdAt,
          CreatedSince: human.value ? sinceText(nowMs, item.Created) : createdAt,
          CreatedBy: createdBy(item.CreatedBy, noTrunc.value),
          Size: human.value ? formatSize(item.Size, 3) : String(item.Size),
          Comment: item.Comment,
        }
      })
      output.write(
        quiet.value && format.value === ''
          ? rows.map((row) => `${row.ID}\n`).join('')
          : await formatList({
              rows,
              format: format.value,
              columns: human.value ? columns : exactColumns,
              extraHeaders: { CreatedAt: 'CREATED AT' },
            }),
      )
      return 0
    }
  },
}

function sinceText(nowMs: number, seconds: number): string {
  return seconds <= 0 ? 'N/A' : `${formatDuration(nowMs - seconds * 1000)} ago`
}

function createdBy(text: string, isWhole: boolean): string {
  const line = text.replaceAll('\t', ' ')
  return isWhole ? line : ellipsis(line, 45)
}
