import { errorKind } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { forEachTarget } from '#cli/targets.ts'

export const command: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  completes: 'volumes',
  declare(flags) {
    const force = flags.bool('force', 'Force the removal of one or more volumes', { short: 'f' })
    return (args, context) =>
      forEachTarget(args, context, async (name) => {
        try {
          await context.client.volumes.remove(name, { force: force.value })
        } catch (error) {
          if (!force.value || errorKind(error) !== 'not_found') throw error
        }
        return name
      })
  },
}
