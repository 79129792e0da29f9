import { errorKind } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { errorText } from '#cli/failures.ts'
import { forEachTarget } from '#cli/targets.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: 'containers',
  declare(flags) {
    const force = flags.bool('force', 'Force the removal of a running container (uses SIGKILL)', {
      short: 'f',
    })
    const link = flags.bool('link', 'Remove the specified link', { short: 'l' })
    const volumes = flags.bool(
      'volumes',
      'Remove anonymous volumes associated with the container',
      {
        short: 'v',
      },
    )
    return (args, context) =>
      forEachTarget(args, context, async (id) => {
        try {
          await context.client.containers.remove(id.replace(/^\//, ''), {
            force: force.value,
            link: link.value,
            volumes: volumes.value,
          })
        } catch (error) {
          if (!force.value || errorKind(error) !== 'not_found') throw error
          // Told, but no failure: what was to go is gone.
          context.output.writeError(`${errorText(error)}\n`)
          return ''
        }
        return id
      })
  },
}
