import type { Command } from '#cli/command.ts'
import { fishScript } from '#cli/completion/fish.ts'
import { describeCommands } from '#cli/completion/describe.ts'

export const command: Command = {
  usage: '',
  args: { min: 0, max: 0 },
  declare:
    () =>
    async (_args, { output }) => {
      output.write(fishScript(await describeCommands()))
      return 0
    },
}
