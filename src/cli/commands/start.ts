import { EngineError } from '#base/errors.ts'
import type { Command, CommandContext } from '#cli/command.ts'
import { errorText } from '#cli/failures.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: 'containers',
  declare(flags) {
    const attach = flags.bool('attach', 'Attach STDOUT/STDERR and forward signals', { short: 'a' })
    const keys = flags.text('detach-keys', 'Override the key sequence for detaching a container')
    const interactive = flags.bool('interactive', "Attach container's STDIN", { short: 'i' })
    const sigProxy = flags.bool('sig-proxy', 'Proxy all received signals to the process', {
      initial: true,
      isHidden: true,
    })
    const checkpoint = flags.text('checkpoint', 'Restore from this checkpoint', { isHidden: true })
    const directory = flags.text('checkpoint-dir', 'Use a custom checkpoint storage directory', {
      isHidden: true,
    })
    return async (args, context) => {
      if (checkpoint.isSet || directory.isSet) {
        const name = checkpoint.isSet ? 'checkpoint' : 'checkpoint-dir'
        const message = `"--${name}" is only supported on a Docker daemon with experimental features enabled`
        throw new EngineError('not_implemented', message)
      }
      if (!attach.value && !interactive.value) return startAll(args, context)
      const [id = '', ...others] = args
      if (others.length > 0) {
        const message = 'you cannot start and attach multiple containers at once'
        throw new EngineError('invalid_argument', message)
      }
      const { Config, HostConfig } = await context.client.containers.inspect(id)
      const { attachContainer } = await import('#cli/attach-container.ts')
      return attachContainer(id, context, {
        hasStdin: interactive.value && Config.OpenStdin === true,
        isTty: Config.Tty === true,
        detachKeys: keys.value || context.settings.file.detachKeys || '',
        proxiesSignals: sigProxy.value,
        condition: HostConfig.AutoRemove ? 'removed' : 'next-exit',
        start: () => context.client.containers.start(id),
      })
    }
  },
}

async function startAll(
  ids: readonly string[],
  { client, output }: CommandContext,
): Promise<number> {
  const failed: string[] = []
  for (const id of ids) {
    try {
      await client.containers.start(id)
      output.write(`${id}\n`)
    } catch (error) {
      output.writeError(`${errorText(error)}\n`)
      failed.push(id)
    }
  }
  if (failed.length === 0) return 0
  output.writeError(`Error: failed to start containers: ${failed.join(', ')}\n`)
  return 1
}
