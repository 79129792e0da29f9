import type { Command } from '#cli/command.ts'
import { declareCreateFlags } from '#cli/create/body.ts'
import { exitCodes } from '#cli/failures.ts'
import { runContainer } from '#cli/run-container.ts'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  isInterspersed: false,
  failureCode: exitCodes.usage,
  completes: 'images',
  declare(flags) {
    const create = declareCreateFlags(flags)
    const detach = flags.bool('detach', 'Run container in background and print container ID', {
      short: 'd',
    })
    const detachKeys = flags.text(
      'detach-keys',
      'Override the key sequence for detaching a container',
    )
    const sigProxy = flags.bool('sig-proxy', 'Proxy received signals to the process', {
      initial: true,
    })
    return (args, context) =>
      runContainer(args, context, {
        create,
        isDetached: detach.value,
        detachKeys: detachKeys.value,
        proxiesSignals: sigProxy.value,
      })
  },
}
