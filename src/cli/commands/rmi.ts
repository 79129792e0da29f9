import { errorKind } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { errorText } from '#cli/failures.ts'
import { platformQuery } from '#cli/platform-query.ts'
import { forEachTarget } from '#cli/targets.ts'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  completes: 'images',
  declare(flags) {
    const force = flags.bool('force', 'Force removal of the image', { short: 'f' })
    const noPrune = flags.bool('no-prune', 'Do not delete untagged parents')
    const platform = flags.list('platform', 'Remove only the given platform variant', {
      type: 'strings',
    })
    return (args, context) =>
      forEachTarget(args, context, async (name) => {
        try {
          const items = await context.client.images.remove(name, {
            force: force.value,
            noPrune: noPrune.value,
            platforms: platform.value.map(platformQuery).filter((text) => text !== undefined),
          })
          return items
            .map(({ Untagged, Deleted }) =>
              Deleted === undefined ? `Untagged: ${Untagged}` : `Deleted: ${Deleted}`,
            )
            .join('\n')
        } catch (error) {
          if (!force.value || errorKind(error) !== 'not_found') throw error
          // Docker tells it, and is content.
          context.output.writeError(`${errorText(error)}\n`)
          return ''
        }
      })
  },
}
