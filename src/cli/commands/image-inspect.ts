import type { Command } from '#cli/command.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { platformQuery } from '#cli/platform-query.ts'
import { inspectObjects } from '#cli/inspect-objects.ts'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  completes: 'images',
  declare(flags) {
    const format = declareFormat(flags)
    const platform = flags.text(
      'platform',
      'Inspect a specific platform of the multi-platform image',
    )
    return (names, context) =>
      inspectObjects(names, context, {
        format: format.value,
        read: async (name) => ({
          kind: 'image',
          text: await context.client.images.inspectText(name, {
            platform: platformQuery(platform.value),
          }),
        }),
      })
  },
}
