import type { Command } from '#cli/command.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { inspectObjects } from '#cli/inspect-objects.ts'

export const command: Command = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: { min: 1 },
  completes: 'networks',
  declare(flags) {
    const format = declareFormat(flags)
    flags.bool('verbose', 'Verbose output for diagnostics', { short: 'v' })
    return (names, context) =>
      inspectObjects(names, context, {
        format: format.value,
        read: async (name) => ({
          kind: 'network',
          text: await context.client.networks.inspectText(name),
        }),
      })
  },
}
