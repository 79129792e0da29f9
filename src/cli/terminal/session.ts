import { spawnSync } from 'node:child_process'
import type { Output } from '#cli/output.ts'
import {
  createDetachMatcher,
  defaultDetachKeys,
  type DetachMatcher,
  parseDetachKeys,
} from '#wire/detach-keys.ts'
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
  const matcher = options.isTty ? createDetachMatcher(keysOf(options.detachKeys)) : undefined
  using _raw = options.hasStdin && options.isTty ? enterRawMode() : undefined
  const ended = copyOutput(hijack.output, options.isMultiplexed, output).then(
    () => 'ended' as const,
  )
  if (!options.hasStdin) return await ended
  const detached = new Promise<'detached'>((resolve) => {
    void copyInput(hijack, matcher, () => resolve('detached'))
  })
  // The terminal is raw until then.
  return await Promise.race([ended, detached])
}

/** No keys told are the keys of Docker. */
function keysOf(text: string): Uint8Array {
  return text === '' ? defaultDetachKeys : parseDetachKeys(text)
}

async function copyInput(
  hijack: Hijack,
  matcher: DetachMatcher | undefined,
  onDetach: () => void,
): Promise<void> {
  try {
    for await (const chunk of process.stdin) {
      const bytes: Uint8Array = chunk
      const read = matcher?.feed(bytes) ?? { bytes, isDetached: false }
      if (read.bytes.length > 0) await hijack.write(read.bytes)
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
  // The runtime's raw mode still turns \n into \r\n on output: the container's bytes must pass as they are.
  spawnSync('stty', ['-opost'], { stdio: [0, 'ignore', 'ignore'] })
  const restore = () => stdin.setRawMode(false)
  process.on('exit', restore)
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore)
      restore()
    },
  }
}
