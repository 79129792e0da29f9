import type { Command } from '#cli/command.ts'
import { forEachTarget } from '#cli/targets.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: 'running',
  declare(flags) {
    const signal = flags.text('signal', 'Signal to send to the container', { short: 's' })
    return (args, context) =>
      forEachTarget(args, context, async (id) => {
        await context.client.containers.kill(id, signal.value)
        return id
      })
  },
}
