import type { Command } from '#cli/command.ts'
import { declareCreateFlags } from '#cli/create/body.ts'
import { createContainer } from '#cli/create/create-container.ts'
import { exitCodes } from '#cli/failures.ts'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  isInterspersed: false,
  failureCode: exitCodes.usage,
  completes: 'images',
  declare(flags) {
    const create = declareCreateFlags(flags)
    return async (args, context) => {
      const body = create.body(args, context.settings, { isDetached: false })
      context.output.write(`${await createContainer(create, body, context)}\n`)
      return 0
    }
  },
}
