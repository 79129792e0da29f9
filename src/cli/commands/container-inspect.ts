import type { Command } from '#cli/command.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { inspectObjects } from '#cli/inspect-objects.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: 'containers',
  declare(flags) {
    const format = declareFormat(flags)
    const size = flags.bool('size', 'Display total file sizes', { short: 's' })
    return (names, context) =>
      inspectObjects(names, context, {
        format: format.value,
        read: async (name) => ({
          kind: 'container',
          text: await context.client.containers.inspectText(name, { size: size.value }),
        }),
      })
  },
}
