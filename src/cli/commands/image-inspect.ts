import type { Command } from '#cli/command.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { inspectObjects } from '#cli/inspect-objects.ts'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  completes: 'images',
  declare(flags) {
    const format = declareFormat(flags)
    return (names, context) =>
      inspectObjects(names, context, {
        format: format.value,
        read: (name) => context.client.images.inspectText(name),
      })
  },
}
