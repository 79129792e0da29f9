import type { Command } from '#cli/command.ts'
import { declareFilter, declareListFormat } from '#cli/format-flags.ts'
import { imageRows } from '#cli/format/image-row.ts'
import type { ImageRow } from '#cli/format/image-row.ts'
import { formatList } from '#cli/format/list.ts'
import type { Column } from '#cli/format/list.ts'

const digestColumn: Column<ImageRow> = { field: 'Digest', header: 'DIGEST' }
const columns: readonly Column<ImageRow>[] = [
  { field: 'Repository', header: 'REPOSITORY' },
  { field: 'Tag', header: 'TAG' },
  { field: 'ID', header: 'IMAGE ID' },
  { field: 'CreatedSince', header: 'CREATED' },
  { field: 'Size', header: 'SIZE' },
]

const extraHeaders = {
  Digest: 'DIGEST',
  CreatedAt: 'CREATED AT',
  Containers: 'CONTAINERS',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  VirtualSize: 'SIZE',
}

function rawOf(hasDigests: boolean): string {
  const digest = hasDigests ? '{{if .Digest}}digest: {{.Digest}}\n{{end}}' : ''
  return `repository: {{.Repository}}
tag: {{.Tag}}
${digest}image_id: {{.ID}}
created_at: {{.CreatedAt}}
virtual_size: {{.Size}}
`
}

export const command: Command = {
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  args: { min: 0, max: 1 },
  completes: 'images',
  declare(flags) {
    const all = flags.bool('all', 'Show all images (default hides intermediate images)', {
      short: 'a',
    })
    const digests = flags.bool('digests', 'Show digests')
    const filter = declareFilter(flags)
    const format = declareListFormat(flags)
    const noTrunc = flags.bool('no-trunc', "Don't truncate output")
    const quiet = flags.bool('quiet', 'Only show image IDs', { short: 'q' })
    return async ([reference], { client, output, settings }) => {
      const filters =
        reference === undefined
          ? filter.value
          : { ...filter.value, reference: [...(filter.value['reference'] ?? []), reference] }
      const images = await client.images.list({ all: all.value, filters })
      const nowMs = Date.now()
      const rows = images.flatMap((image) =>
        imageRows(image, { nowMs, isTruncated: !noTrunc.value, hasDigests: digests.value }),
      )
      if (quiet.value && format.value === '') {
        output.write(rows.map((row) => `${row.ID}\n`).join(''))
        return 0
      }
      const shown = digests.value ? columns.toSpliced(2, 0, digestColumn) : columns
      const chosen = format.value || (settings.file.imagesFormat ?? '')
      output.write(
        await formatList({
          rows,
          format: chosen,
          columns: shown,
          extraHeaders,
          raw: rawOf(digests.value),
        }),
      )
      return 0
    }
  },
}
