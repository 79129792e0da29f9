import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { TaskStdio } from '#runtime/types.ts'
import type { HijackedConnection } from '#api/answer.ts'
import { createDetachMatcher } from '#wire/detach-keys.ts'

export interface SessionOptions {
  readonly isTty: boolean
  readonly stdin: boolean
  /** Only with a terminal. */
  readonly detachKeys: Uint8Array
  readonly log: Logger
}

/**
 * Joins an attachment with a hijacked connection until the output ends, the
 * client types the detach keys or leaves. Says how it ended.
 */
export async function runStdioSession(
  stdio: TaskStdio,
  connection: HijackedConnection,
  options: SessionOptions,
): Promise<'ended' | 'detached' | 'gone'> {
  const detach = Promise.withResolvers<'detached'>()
  const gone = Promise.withResolvers<'gone'>()
  connection.signal.addEventListener('abort', () => gone.resolve('gone'), { once: true })
  if (connection.signal.aborted) gone.resolve('gone')
  const session = { isOver: false }
  await using _ = stdio
  void pumpInput(stdio, connection, { ...options, session, onDetach: detach.resolve })
  const output = pumpOutput(stdio, connection)
  // Settles after the race when the attachment is disposed; its failure then says nothing new.
  output.catch(() => undefined)
  try {
    return await Promise.race([output, detach.promise, gone.promise])
  } finally {
    session.isOver = true
  }
}

async function pumpOutput(stdio: TaskStdio, connection: HijackedConnection): Promise<'ended'> {
  for await (const chunk of stdio.output) await connection.write(chunk)
  return 'ended'
}

interface InputOptions extends SessionOptions {
  readonly session: { readonly isOver: boolean }
  readonly onDetach: (outcome: 'detached') => void
}

/** Reads the client to its end even when nobody wants the bytes: its half-close must be seen. */
async function pumpInput(
  stdio: TaskStdio,
  connection: HijackedConnection,
  options: InputOptions,
): Promise<void> {
  const matcher = options.isTty ? createDetachMatcher(options.detachKeys) : undefined
  try {
    for await (const chunk of connection.input) {
      if (!options.stdin || options.session.isOver) continue
      const { bytes, isDetached } = matcher?.feed(chunk) ?? { bytes: chunk, isDetached: false }
      if (bytes.length > 0) await stdio.write(bytes)
      if (isDetached) options.onDetach('detached')
    }
    if (options.stdin && !options.session.isOver) await stdio.closeStdin()
  } catch (error) {
    options.log.debug({ reason: errorMessage(error) }, 'input ended early')
  }
}
