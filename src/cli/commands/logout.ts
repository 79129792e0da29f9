import { errorMessage } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { eraseCredentials } from '#cli/config/credential-store.ts'
import { dockerHubKey, serverOf } from '#cli/config/credentials.ts'

export const command: Command = {
  usage: '[SERVER]',
  args: { min: 0, max: 1 },
  declare() {
    return async ([address = dockerHubKey], { output, settings }) => {
      const server = serverOf(address)
      output.write(`Removing login credentials for ${server}\n`)
      try {
        await eraseCredentials(settings, server)
      } catch (error) {
        output.writeError(
          `WARNING: could not erase credentials:\n${server}: ${errorMessage(error)}\n`,
        )
      }
      return 0
    }
  },
}
