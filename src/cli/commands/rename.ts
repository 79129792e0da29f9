import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { errorText, exitCodes } from '#cli/failures.ts'

export const command: Command = {
  usage: 'CONTAINER NEW_NAME',
  args: { min: 2, max: 2 },
  completes: 'containers',
  declare:
    () =>
    async ([id = '', name = ''], { client, output }) => {
      if (id.trim() === '' || name.trim() === '') {
        const message = 'Error: Neither old nor new names may be empty'
        throw new EngineError('invalid_argument', message)
      }
      try {
        await client.containers.rename(id, name)
        return 0
      } catch (error) {
        output.writeError(`${errorText(error)}\nError: failed to rename container named ${id}\n`)
        return exitCodes.failure
      }
    },
}
