import type { Command } from '#cli/command.ts'
import { forEachTarget } from '#cli/targets.ts'

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: 'running',
  declare: () => (args, context) =>
    forEachTarget(args, context, async (id) => {
      await context.client.containers.unpause(id)
      return id
    }),
}
