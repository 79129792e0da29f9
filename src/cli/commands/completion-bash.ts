import type { Command } from '#cli/command.ts'
import { bashScript } from '#cli/completion/bash.ts'
import { describeCommands } from '#cli/completion/describe.ts'

export const command: Command = {
  usage: '',
  args: { min: 0, max: 0 },
  declare:
    () =>
    async (_args, { output }) => {
      output.write(bashScript(await describeCommands()))
      return 0
    },
}
