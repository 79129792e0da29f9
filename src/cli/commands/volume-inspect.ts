import type { Command } from '#cli/command.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { inspectObjects } from '#cli/inspect-objects.ts'

export const command: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  completes: 'volumes',
  declare(flags) {
    const format = declareFormat(flags)
    return (names, context) =>
      inspectObjects(names, context, {
        format: format.value,
        read: async (name) => ({
          kind: 'volume',
          text: await context.client.volumes.inspectText(name),
        }),
      })
  },
}
