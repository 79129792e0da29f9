/** RUN becomes an exec vertex. */
import { posix } from 'node:path'
import type { Heredoc } from '#build/dockerfile/heredoc.ts'
import type { Located, RunInstruction } from '#build/dockerfile/types.ts'
import { EngineError } from '#base/errors.ts'
import { withShell } from '#build/graph/lower/config.ts'
import { type LowerContext, stepName, writtenName } from '#build/graph/lower/context.ts'
import { recordLayer } from '#build/graph/lower/history.ts'
import { parseMountFlag } from '#build/graph/mount-flags.ts'
import { lowerMounts, scriptMount } from '#build/graph/lower/mounts.ts'
import { defaultPath, envList } from '#build/graph/stage-state.ts'
import type { ExecOp } from '#build/graph/types.ts'

/** Where scripts of heredocs appear inside a step. */
const scriptDirectory = '/dev/pipes'

export function lowerRun(context: LowerContext, instruction: Located<RunInstruction>): void {
  const { state } = context
  const { args, script } = runArguments(context, instruction)
  const mounts = lowerMounts(context, instruction.mounts)
  checkDevices(instruction)
  if (script) scriptMount(context, mounts, { ...script, directory: scriptDirectory })
  const op: ExecOp = {
    kind: 'exec',
    args,
    env: runEnv(context),
    cwd: posix.resolve('/', state.config.WorkingDir ?? '/'),
    user: state.config.User ?? '',
    mounts: mounts.mounts,
    network: network(context, instruction),
    security: security(instruction),
    platform: context.platform,
  }
  state.root = context.builder.add(op, [state.root, ...mounts.inputs], {
    name: runName(context, instruction),
    writtenName: writtenName(context, instruction),
    range: instruction.range,
    ignoresCache: context.ignoresCache,
  })
  state.layers.push(state.root)
  recordLayer(context, `RUN ${[...argumentPrefix(context), ...args].join(' ')}`, true)
}

/** A heredoc that is the whole program is shown by its first line. */
function runName(context: LowerContext, instruction: Located<RunInstruction>): string {
  const fromSecrets = instruction.mounts.flatMap((mount) => parseMountFlag(mount).env ?? [])
  const name = stepName(context, instruction, new Set(fromSecrets))
  const script = wholeHeredoc(instruction)
  if (!script) return name
  const [first = '', ...more] = script.body.trim().split(/\r?\n/)
  return `${name} (${first}${more.length > 0 ? '...' : ''})`
}

/** The heredoc of `RUN <<EOF` with nothing else on the line. */
function wholeHeredoc({ command, heredocs }: RunInstruction): Heredoc | undefined {
  const isWhole = command.form === 'shell' && /^\d*<<-?\S+$/.test(command.text.trim())
  return isWhole && heredocs.length === 1 ? heredocs[0] : undefined
}

interface RunArguments {
  readonly args: readonly string[]
  /** A heredoc with a shebang: a file that is executed. */
  readonly script?: { readonly name: string; readonly content: string }
}

function runArguments(context: LowerContext, instruction: RunInstruction): RunArguments {
  const { command, heredocs } = instruction
  if (command.form === 'exec' || heredocs.length === 0) return { args: withShell(context, command) }
  const script = wholeHeredoc(instruction)
  if (script) return wholeScript(context, script)
  // The shell reads the heredocs itself, so it gets the source as written.
  const bodies = heredocs.map(({ written, name }) => `\n${written}${name}`).join('')
  return { args: withShell(context, { form: 'shell', text: command.text + bodies }) }
}

/** `RUN <<EOF`: the body is the program, for its shebang's interpreter or the stage's shell. */
function wholeScript(context: LowerContext, heredoc: Heredoc): RunArguments {
  if (!heredoc.body.startsWith('#!')) {
    return { args: withShell(context, { form: 'shell', text: heredoc.body }) }
  }
  return {
    args: withShell(context, { form: 'shell', text: posix.join(scriptDirectory, heredoc.name) }),
    script: { name: heredoc.name, content: heredoc.body },
  }
}

/** ENV and ARG values; PATH always has one. Proxies that no ARG declares are added when the step runs. */
function runEnv({ state }: LowerContext): string[] {
  const env = new Map(state.values)
  if (!env.has('PATH')) env.set('PATH', defaultPath)
  return envList(env)
}

/** History shows the build arguments that the step saw: `|2 a=b c=d`. */
function argumentPrefix({ state }: LowerContext): string[] {
  const { args, values } = state
  if (args.size === 0) return []
  return [`|${args.size}`, ...[...args].map((name) => `${name}=${values.get(name) ?? ''}`)]
}

/** No device is registered here: what can do without it runs without it, as in BuildKit. */
function checkDevices({ devices }: RunInstruction): void {
  for (const device of devices) {
    const [name = '', ...options] = device.split(',')
    if (!options.some((option) => /^required(?:=true)?$/.test(option))) continue
    const message = `required device "${name}" is not registered: steps get no CDI devices`
    throw new EngineError('not_implemented', message)
  }
}

function network(context: LowerContext, instruction: RunInstruction): ExecOp['network'] {
  const asked = instruction.network ?? context.options.network
  if (asked === 'default' || asked === 'none' || asked === 'host') return asked
  throw new EngineError('invalid_argument', `unsupported network mode "${asked}"`)
}

function security(instruction: RunInstruction): ExecOp['security'] {
  const asked = instruction.security ?? 'sandbox'
  if (asked === 'sandbox' || asked === 'insecure') return asked
  throw new EngineError('invalid_argument', `security "${asked}" is not valid`)
}
