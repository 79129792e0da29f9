import type { Command } from '#cli/command.ts'
import { declareStopFlags } from '#cli/stop-flags.ts'
import { forEachTarget } from '#cli/targets.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: 'containers',
  declare(flags) {
    const options = declareStopFlags(flags)
    return (args, context) =>
      forEachTarget(args, context, async (id) => {
        await context.client.containers.restart(id, options())
        return id
      })
  },
}
