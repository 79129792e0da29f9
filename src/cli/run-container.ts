import { EngineError, errorMessage, findEngineError } from '#base/errors.ts'
import type { CommandContext } from '#cli/command.ts'
import type { CreateFlags } from '#cli/create/body.ts'
import { createContainer } from '#cli/create/create-container.ts'
import { errorText, exitCodes, helpHint, startFailureCode } from '#cli/failures.ts'
import { runSession } from '#cli/terminal/session.ts'
import { forwardSignals } from '#cli/terminal/signals.ts'
import { terminalSize, watchTerminalSize } from '#cli/terminal/size.ts'
import type { Client } from '#client/client.ts'
import type { Hijack } from '#client/hijack.ts'
import type { ContainerCreateBody, WaitResponse } from '#wire/containers.ts'
import { isTerminal } from '#cli/terminal/is-terminal.ts'

export interface RunOptions {
  readonly create: CreateFlags
  readonly isDetached: boolean
  readonly detachKeys: string
  readonly proxiesSignals: boolean
}

/**
 * `gantry run`: create, attach and wait at once, start, join the streams, and
 * leave with the container's own exit code. Attaching and waiting before the start
 * is what loses no byte and no exit.
 */
export async function runContainer(
  args: readonly string[],
  context: CommandContext,
  options: RunOptions,
): Promise<number> {
  const { create, isDetached } = options
  const isTty = create.tty.value
  const complaint = findConflict(options)
  if (complaint !== undefined) {
    context.output.writeError(`${complaint.message}\n`)
    return complaint.code
  }
  const size = isTty ? terminalSize() : undefined
  const body = create.body(args, context.settings, { isDetached, size })
  let id: string
  try {
    id = await createContainer(create, body, context)
  } catch (error) {
    return explain(error, context)
  }
  if (isDetached) {
    const code = await startOrExplain(id, context)
    // Also of one that does not start: it is there, and scripts remove it by this id.
    context.output.write(`${id}\n`)
    return code ?? 0
  }
  return runAttached(id, body, { ...options, context, isTty })
}

/** Wishes that cannot be met here, before the engine is asked. */
function findConflict({
  create,
  isDetached,
}: RunOptions): { readonly message: string; readonly code: number } | undefined {
  if (isDetached && create.attach.isSet) {
    const message = 'conflicting options: cannot specify both --attach and --detach'
    return { message, code: exitCodes.failure }
  }
  const needsTerminal = create.tty.value && create.interactive.value && !isDetached
  if (needsTerminal && !isTerminal(0)) {
    return { message: 'the input device is not a TTY', code: exitCodes.failure }
  }
  return undefined
}

interface AttachedRun extends RunOptions {
  readonly context: CommandContext
  readonly isTty: boolean
}

async function runAttached(
  id: string,
  body: ContainerCreateBody,
  run: AttachedRun,
): Promise<number> {
  const { context, isTty } = run
  const { client } = context
  const detachKeys = run.detachKeys || context.settings.file.detachKeys || ''
  using _signals = run.proxiesSignals
    ? forwardSignals((name) => client.containers.kill(id, name))
    : undefined
  const condition = body.HostConfig?.AutoRemove ? 'removed' : 'next-exit'
  const [attachment, waiting] = await Promise.all([
    attach({ client, id, detachKeys }, body),
    client.containers.wait(id, condition),
  ])
  using hijack = attachment
  const code = await startOrExplain(id, context)
  if (code !== undefined) {
    if (condition === 'removed') await waiting.exited
    return code
  }
  using _resizing = isTty
    ? watchTerminalSize(({ rows, columns }) => {
        client.containers.resize(id, rows, columns).catch(() => undefined)
      })
    : undefined
  if (hijack) {
    const end = await runSession({
      hijack,
      output: context.output,
      hasStdin: body.AttachStdin === true,
      isTty,
      isMultiplexed: !isTty,
      detachKeys,
    })
    if (end === 'detached') return 0
  }
  return exitCodeOf(await waiting.exited)
}

/** Undefined when no stream is wanted (`-a` without any): only the exit counts. */
async function attach(
  target: { readonly client: Client; readonly id: string; readonly detachKeys: string },
  body: ContainerCreateBody,
): Promise<Hijack | undefined> {
  if (!body.AttachStdin && !body.AttachStdout && !body.AttachStderr) return undefined
  const { client, id, detachKeys } = target
  return client.containers.attach(id, {
    stream: true,
    stdin: body.AttachStdin,
    stdout: body.AttachStdout,
    stderr: body.AttachStderr,
    detachKeys,
  })
}

/** Starts it; a refusal is explained and gives the exit code 125, 126 or 127. */
async function startOrExplain(id: string, context: CommandContext): Promise<number | undefined> {
  try {
    await context.client.containers.start(id)
    return undefined
  } catch (error) {
    return explain(error, context)
  }
}

function explain(error: unknown, { output }: CommandContext): number {
  output.writeError(`gantry: ${errorText(error)}${helpHint('run')}`)
  const hint = findEngineError(error)?.hint
  if (hint !== undefined) output.writeError(`${hint}\n`)
  return startFailureCode(errorMessage(error))
}

/** @throws EngineError internal when the wait failed on the engine's side */
export function exitCodeOf({ StatusCode, Error: failure }: WaitResponse): number {
  if (failure) throw new EngineError('internal', failure.Message)
  return StatusCode
}
