/** RUN becomes an exec vertex. */
import { posix } from 'node:path'
import type { Heredoc } from '#build/dockerfile/heredoc.ts'
import type { Located, RunInstruction } from '#build/dockerfile/types.ts'
import { EngineError } from '#base/errors.ts'
import { withShell } from '#build/graph/lower/config.ts'
import type { LowerContext } from '#build/graph/lower/context.ts'
import { recordLayer } from '#build/graph/lower/history.ts'
import { lowerMounts, scriptMount } from '#build/graph/lower/mounts.ts'
import { showInstruction } from '#build/graph/lower/shown.ts'
import { proxyArgs } from '#build/graph/options.ts'
import { defaultPath, envList } from '#build/graph/stage-state.ts'
import type { ExecOp } from '#build/graph/types.ts'

/** Where scripts of heredocs appear inside a step. */
const scriptDirectory = '/dev/pipes'

export function lowerRun(context: LowerContext, instruction: Located<RunInstruction>): void {
  const { state } = context
  const { args, script } = runArguments(context, instruction)
  const mounts = lowerMounts(context, instruction.mounts)
  const shown = showInstruction(
    context,
    instruction,
    isWhole(instruction) ? instruction.heredocs[0] : undefined,
  )
  if (script) scriptMount(context, mounts, { ...script, directory: scriptDirectory })
  const op: ExecOp = {
    kind: 'exec',
    args,
    env: runEnv(context),
    cwd:
      state.config.WorkingDir === undefined || state.config.WorkingDir === ''
        ? '/'
        : state.config.WorkingDir,
    user: state.config.User ?? '',
    mounts: mounts.mounts,
    network: network(context, instruction),
    security: security(instruction),
    platform: context.platform,
  }
  state.root = context.builder.add(op, [state.root, ...mounts.inputs], {
    ...shown,
    range: instruction.range,
    ignoresCache: context.ignoresCache,
  })
  state.layers.push(state.root)
  recordLayer(context, `RUN ${[...argumentPrefix(context), ...args].join(' ')}`, true)
}

interface RunArguments {
  readonly args: readonly string[]
  /** A heredoc with a shebang: a file that is executed. */
  readonly script?: { readonly name: string; readonly content: string }
}

function runArguments(context: LowerContext, { command, heredocs }: RunInstruction): RunArguments {
  const [first] = heredocs
  if (command.form === 'exec' || !first) return { args: withShell(context, command) }
  if (isWhole({ command, heredocs })) return wholeScript(context, first)
  // The shell reads the heredocs itself, so it gets the source as written.
  const bodies = heredocs.map((heredoc) => `\n${heredoc.body}${heredoc.name}`).join('')
  return { args: withShell(context, { form: 'shell', text: command.text + bodies }) }
}

/** The heredoc is the whole command. */
function isWhole({ command, heredocs }: Pick<RunInstruction, 'command' | 'heredocs'>): boolean {
  const isHeredoc = command.form === 'shell' && /^\d*<<-?\S+$/.test(command.text.trim())
  return isHeredoc && heredocs.length === 1
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

/** ENV and ARG values; PATH always has one. Proxy arguments are added when the step runs. */
function runEnv({ state }: LowerContext): string[] {
  const env = new Map([...state.args].filter(([name]) => !proxyArgs.has(name)))
  for (const [name, value] of state.env) env.set(name, value)
  if (!env.has('PATH')) env.set('PATH', defaultPath)
  return envList(env)
}

/** History shows the build arguments that the step saw: `|2 a=b c=d`. */
function argumentPrefix({ state }: LowerContext): string[] {
  const shown = [...state.args].filter(([name]) => !proxyArgs.has(name) && !state.env.has(name))
  if (shown.length === 0) return []
  return [`|${shown.length}`, ...shown.map(([name, value]) => `${name}=${value}`)]
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
