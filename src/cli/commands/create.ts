import type { Command } from '#cli/command.ts'
import { declareCreateFlags } from '#cli/create/body.ts'
import { createContainer } from '#cli/create/create-container.ts'
import { errorText, exitCodes, helpHint } from '#cli/failures.ts'
import type { ContainerCreateBody } from '#wire/containers.ts'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  isInterspersed: false,
  completes: 'images',
  declare(flags) {
    const create = declareCreateFlags(flags)
    return async (args, context) => {
      let body: ContainerCreateBody
      try {
        body = create.body(args, context.settings, { isDetached: false })
      } catch (error) {
        context.output.writeError(`gantry: ${errorText(error)}${helpHint('create')}`)
        return exitCodes.usage
      }
      context.output.write(`${await createContainer(create, body, context)}\n`)
      return 0
    }
  },
}
