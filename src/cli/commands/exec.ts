import { tellDetached } from '#cli/attach-container.ts'
import type { Command, CommandContext } from '#cli/command.ts'
import { checkVariable, nonEmpty, readEnvFile, resolveVariable } from '#cli/create/pairs.ts'
import { runSession } from '#cli/terminal/session.ts'
import { terminalSize, watchTerminalSize } from '#cli/terminal/size.ts'
import type { ExecCreateBody } from '#wire/exec.ts'
import { isTerminal } from '#cli/terminal/is-terminal.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  args: { min: 2 },
  isInterspersed: false,
  completes: 'running',
  declare(flags) {
    const detach = flags.bool('detach', 'Detached mode: run command in the background', {
      short: 'd',
    })
    const keys = flags.text('detach-keys', 'Override the key sequence for detaching a container')
    const env = flags.list('env', 'Set environment variables', { short: 'e', check: checkVariable })
    const envFile = flags.list('env-file', 'Read in a file of environment variables')
    const stdin = flags.bool('interactive', 'Keep STDIN open even if not attached', { short: 'i' })
    const privileged = flags.bool('privileged', 'Give extended privileges to the command')
    const tty = flags.bool('tty', 'Allocate a pseudo-TTY', { short: 't' })
    const user = flags.text('user', 'Username or UID (format: "<name|uid>[:<group|gid>]")', {
      short: 'u',
    })
    const workdir = flags.text('workdir', 'Working directory inside the container', { short: 'w' })
    return async ([container = '', ...args], context) => {
      const { variables, file } = context.settings
      const isDetached = detach.value
      const body: ExecCreateBody = {
        Cmd: args,
        Env: nonEmpty([
          ...envFile.value.flatMap((path) => readEnvFile(path, variables)),
          ...env.value.map((text) => resolveVariable(text, variables)),
        ]),
        AttachStdin: stdin.value && !isDetached,
        AttachStdout: !isDetached,
        AttachStderr: !isDetached,
        Tty: tty.value,
        Privileged: privileged.value || undefined,
        User: user.value || undefined,
        WorkingDir: workdir.value || undefined,
        DetachKeys: keys.value || file.detachKeys || undefined,
      }
      return runExec(container, body, { context, isDetached })
    }
  },
}

async function runExec(
  container: string,
  body: ExecCreateBody,
  { context, isDetached }: { readonly context: CommandContext; readonly isDetached: boolean },
): Promise<number> {
  const { client, output } = context
  const isTty = body.Tty === true
  if (isTty && body.AttachStdin && !isTerminal(0)) {
    output.writeError('the input device is not a TTY\n')
    return 1
  }
  const size = isTty ? terminalSize() : undefined
  const ConsoleSize = size && [size.rows, size.columns]
  const { Id } = await client.execs.create(container, { ...body, ConsoleSize })
  if (isDetached) {
    await client.execs.startDetached(Id, { Tty: isTty })
    return 0
  }
  using hijack = await client.execs.start(Id, { Tty: isTty, ConsoleSize })
  using _resizing = isTty
    ? watchTerminalSize(({ rows, columns }) => {
        client.execs.resize(Id, rows, columns).catch(() => undefined)
      })
    : undefined
  const end = await runSession({
    hijack,
    output,
    hasStdin: body.AttachStdin === true,
    isTty,
    isMultiplexed: !isTty,
    detachKeys: body.DetachKeys ?? '',
  })
  if (end === 'detached') return tellDetached(output)
  return (await client.execs.inspect(Id)).ExitCode ?? 0
}
