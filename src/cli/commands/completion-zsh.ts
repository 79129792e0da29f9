import type { Command } from '#cli/command.ts'
import { zshScript } from '#cli/completion/zsh.ts'
import { describeCommands } from '#cli/completion/describe.ts'

export const command: Command = {
  usage: '',
  args: { min: 0, max: 0 },
  declare:
    () =>
    async (_args, { output }) => {
      output.write(zshScript(await describeCommands()))
      return 0
    },
}
