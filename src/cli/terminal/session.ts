import type { Output } from '#cli/output.ts'
import { createDetachFilter, parseDetachKeys } from '#cli/terminal/detach-keys.ts'
import { copyOutput } from '#cli/terminal/streams.ts'
import type { Hijack } from '#client/hijack.ts'

export interface SessionOptions {
  readonly hijack: Hijack
  readonly output: Output
  /** Send what is typed or piped in. */
  readonly hasStdin: boolean
  readonly isTty: boolean
  readonly isMultiplexed: boolean
  readonly detachKeys: string
}

/**
 * Joins this process's stdio to an attached one until its output ends, or until
 * the user types the detach keys. A terminal is raw meanwhile.
 */
export async function runSession(options: SessionOptions): Promise<'ended' | 'detached'> {
  const { hijack, output } = options
  using _raw = options.hasStdin && options.isTty ? enterRawMode() : undefined
  const ended = copyOutput(hijack.output, options.isMultiplexed, output).then(
    () => 'ended' as const,
  )
  if (!options.hasStdin) return ended
  const detached = new Promise<'detached'>((resolve) => {
    void copyInput(options, () => resolve('detached'))
  })
  return Promise.race([ended, detached])
}

async function copyInput(options: SessionOptions, onDetach: () => void): Promise<void> {
  const { hijack, isTty } = options
  const filter = isTty ? createDetachFilter(parseDetachKeys(options.detachKeys)) : undefined
  try {
    for await (const chunk of process.stdin) {
      const bytes: Uint8Array = chunk
      const read = filter?.read(bytes) ?? { forward: bytes, isDetached: false }
      if (read.forward.length > 0) await hijack.write(read.forward)
      if (read.isDetached) return onDetach()
    }
  } catch {
    // A stdin that cannot be read has ended.
  }
  hijack.closeStdin()
}

function enterRawMode(): Disposable | undefined {
  const { stdin } = process
  if (!stdin.isTTY) return undefined
  stdin.setRawMode(true)
  const restore = () => stdin.setRawMode(false)
  process.on('exit', restore)
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore)
      restore()
    },
  }
}
