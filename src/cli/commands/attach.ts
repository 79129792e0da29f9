import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { attachContainer } from '#cli/attach-container.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  completes: 'running',
  declare(flags) {
    const keys = flags.text('detach-keys', 'Override the key sequence for detaching a container')
    const noStdin = flags.bool('no-stdin', 'Do not attach STDIN')
    const sigProxy = flags.bool('sig-proxy', 'Proxy all received signals to the process', {
      initial: true,
    })
    return async ([id = ''], context) => {
      const { State, Config } = await context.client.containers.inspect(id)
      const reason = whyNot(State)
      if (reason !== undefined) throw new EngineError('failed_precondition', reason)
      return attachContainer(id, context, {
        hasStdin: !noStdin.value && Config.OpenStdin === true,
        isTty: Config.Tty === true,
        detachKeys: keys.value || context.settings.file.detachKeys || '',
        proxiesSignals: sigProxy.value,
        condition: 'not-running',
      })
    }
  },
}

function whyNot(state: {
  readonly Running: boolean
  readonly Paused: boolean
  readonly Restarting: boolean
}): string | undefined {
  if (!state.Running) {
    return 'You cannot attach to a stopped container, start it first'
  }
  if (state.Paused) return 'You cannot attach to a paused container, unpause it first'
  if (state.Restarting)
    return 'You cannot attach to a restarting container, wait until it is running'
  return undefined
}
