import type { Command } from '#cli/command.ts'
import { alignColumns } from '#cli/format/columns.ts'

/** Docker's for this table only. */
const minimumWidth = 20

export const command: Command = {
  usage: 'CONTAINER [ps OPTIONS]',
  args: { min: 1 },
  isInterspersed: false,
  completes: 'running',
  declare:
    () =>
    async ([id = '', ...psArguments], { client, output }) => {
      const { Titles, Processes } = await client.containers.top(id, psArguments.join(' '))
      const rows = [Titles, ...(Processes ?? [])].map((cells) => cells.join('\t'))
      output.write(alignColumns(`${rows.join('\n')}\n`, minimumWidth))
      return 0
    },
}
