import type { Command } from '#cli/command.ts'
import { newestBuild } from '#cli/build/newest.ts'

export const command: Command = {
  usage: '[BUILD]',
  args: { min: 0, max: 1 },
  declare: () => {
    return async ([id], { client, output }) => {
      const logs = await client.builds.logs(id ?? (await newestBuild(client)))
      for await (const chunk of logs) await output.writeBytes(chunk)
      return 0
    }
  },
}
