import type { Settings } from '#cli/config/settings.ts'
import { declareHealthFlags } from '#cli/create/health.ts'
import { declareNetworkFlags } from '#cli/create/network.ts'
import { declareProcessFlags } from '#cli/create/process.ts'
import { declareResourceFlags } from '#cli/create/resources.ts'
import { declareSecurityFlags } from '#cli/create/security.ts'
import { declareStorageFlags } from '#cli/create/storage.ts'
import type { Flag, FlagSet } from '#cli/flags/flag-set.ts'
import { EngineError } from '#base/errors.ts'
import type { ContainerConfig, ContainerCreateBody } from '#wire/containers.ts'
import type { TerminalSize } from '#cli/terminal/size.ts'

/** The flags that `run` and `create` share. */
export interface CreateFlags {
  readonly name: Flag<string>
  readonly cidfile: Flag<string>
  readonly platform: Flag<string>
  readonly pull: Flag<string>
  readonly quiet: Flag<boolean>
  readonly attach: Flag<readonly string[]>
  readonly interactive: Flag<boolean>
  readonly tty: Flag<boolean>
  /** The request body for `IMAGE [COMMAND] [ARG...]`. @throws EngineError invalid_argument */
  body(
    args: readonly string[],
    settings: Settings,
    options: { readonly isDetached: boolean; readonly size?: TerminalSize | undefined },
  ): ContainerCreateBody
}

export function declareCreateFlags(flags: FlagSet): CreateFlags {
  const own = {
    name: flags.text('name', 'Assign a name to the container'),
    cidfile: flags.text('cidfile', 'Write the container ID to the file'),
    platform: flags.text('platform', 'Set platform if server is multi-platform capable'),
    pull: flags.text('pull', 'Pull image before running ("always", "missing", "never")', {
      initial: 'missing',
    }),
    quiet: flags.bool('quiet', 'Suppress the pull output', { short: 'q' }),
    attach: flags.list('attach', 'Attach to STDIN, STDOUT or STDERR', {
      short: 'a',
      check: checkStream,
    }),
    interactive: flags.bool('interactive', 'Keep STDIN open even if not attached', { short: 'i' }),
    tty: flags.bool('tty', 'Allocate a pseudo-TTY', { short: 't' }),
  }
  flags.bool('disable-content-trust', 'Skip image verification', { initial: true, isHidden: true })
  const process = declareProcessFlags(flags)
  const network = declareNetworkFlags(flags)
  const storage = declareStorageFlags(flags)
  const resources = declareResourceFlags(flags)
  const security = declareSecurityFlags(flags)
  const health = declareHealthFlags(flags)
  return {
    ...own,
    body(args, settings, { isDetached, size }) {
      checkPull(own.pull.value)
      const networks = network()
      const parts = [
        process(settings.variables),
        networks,
        storage(),
        resources(),
        security(),
        health(),
      ]
      const [image = '', ...command] = args
      return {
        ...Object.assign({}, ...parts.map((part) => part.config)),
        ...streamFields(own, isDetached),
        Image: image,
        Cmd: command.length === 0 ? undefined : command,
        HostConfig: {
          ...Object.assign({}, ...parts.map((part) => part.host)),
          ContainerIDFile: own.cidfile.value || undefined,
          ConsoleSize: size && [size.rows, size.columns],
        },
        NetworkingConfig: networks.networking,
      }
    },
  }
}

type StreamFlags = Pick<CreateFlags, 'attach' | 'interactive' | 'tty'>

/** Docker's rule: `-a` as given; without it stdout and stderr, and stdin with `-i`. */
export function streamFields(
  { attach, interactive, tty }: StreamFlags,
  isDetached: boolean,
): ContainerConfig {
  const has = (stream: string) =>
    !isDetached && (attach.isSet ? attach.value.includes(stream) : stream !== 'stdin')
  const stdin = !isDetached && (interactive.value || has('stdin'))
  return {
    AttachStdin: stdin,
    AttachStdout: has('stdout'),
    AttachStderr: has('stderr'),
    Tty: tty.value || undefined,
    OpenStdin: interactive.value || undefined,
    StdinOnce: (interactive.value && stdin) || undefined,
  }
}

function checkStream(text: string): string {
  const stream = text.toLowerCase()
  if (['stdin', 'stdout', 'stderr'].includes(stream)) return stream
  throw new Error(`valid streams are STDIN, STDOUT and STDERR`)
}

function checkPull(policy: string): void {
  if (['always', 'missing', 'never', ''].includes(policy)) return
  throw new EngineError(
    'invalid_argument',
    `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
  )
}
