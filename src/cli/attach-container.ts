import { EngineError } from '#base/errors.ts'
import type { CommandContext } from '#cli/command.ts'
import { exitCodes } from '#cli/failures.ts'
import type { Output } from '#cli/output.ts'
import { exitCodeOf } from '#cli/run-container.ts'
import { runSession } from '#cli/terminal/session.ts'
import { forwardSignals } from '#cli/terminal/signals.ts'
import { terminalSize, watchTerminalSize } from '#cli/terminal/size.ts'
import type { WaitCondition } from '#client/containers.ts'
import { isTerminal } from '#cli/terminal/is-terminal.ts'

export interface AttachRequest {
  readonly hasStdin: boolean
  readonly isTty: boolean
  readonly detachKeys: string
  readonly proxiesSignals: boolean
  readonly condition: WaitCondition
  /** Done when attached and waiting: starts the container. */
  readonly start?: () => Promise<void>
}

/** What `attach` and `exec` end with when the detach keys were typed. */
export function tellDetached(output: Output): number {
  output.writeError('read escape sequence\n')
  return exitCodes.failure
}

/** Joins the streams of an existing container; resolves with its exit code. */
export async function attachContainer(
  id: string,
  { client, output }: CommandContext,
  request: AttachRequest,
): Promise<number> {
  const { hasStdin, isTty, detachKeys } = request
  if (isTty && hasStdin && !isTerminal(0)) {
    throw new EngineError('failed_precondition', 'the input device is not a TTY')
  }
  using _signals =
    request.proxiesSignals && !isTty
      ? forwardSignals((name) => client.containers.kill(id, name))
      : undefined
  const [attachment, waiting] = await Promise.all([
    client.containers.attach(id, {
      stream: true,
      stdin: hasStdin,
      stdout: true,
      stderr: true,
      detachKeys,
    }),
    client.containers.wait(id, request.condition),
  ])
  using hijack = attachment
  await request.start?.()
  const resize = ({ rows, columns }: { rows: number; columns: number }) => {
    client.containers.resize(id, rows, columns).catch(() => undefined)
  }
  const size = isTty ? terminalSize() : undefined
  if (size) resize(size)
  using _resizing = isTty ? watchTerminalSize(resize) : undefined
  const isMultiplexed = !isTty
  const end = await runSession({ hijack, output, hasStdin, isTty, isMultiplexed, detachKeys })
  if (end === 'ended') return exitCodeOf(await waiting.exited)
  // Whoever started it here has what was wanted; whoever came to see it stays without its exit code.
  return request.start ? 0 : tellDetached(output)
}
