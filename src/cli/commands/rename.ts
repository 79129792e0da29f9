import type { Command } from '#cli/command.ts'

export const command: Command = {
  usage: 'CONTAINER NEW_NAME',
  args: { min: 2, max: 2 },
  completes: 'containers',
  declare:
    () =>
    async ([id = '', name = ''], { client }) => {
      await client.containers.rename(id, name)
      return 0
    },
}
