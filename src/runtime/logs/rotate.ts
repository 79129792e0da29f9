/**
 * Rotation of log files by size. conmon writes on into the renamed file until
 * it is told to open a new one, so no byte is lost in between.
 */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { sleep } from '#base/async.ts'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { watchChanges } from '#runtime/logs/watch.ts'

export interface RotationOptions {
  readonly logPath: string
  /** Rotate when the current file is at least this large. */
  readonly maxBytes: number
  /** Files to keep, the current one counted; 1 throws the old bytes away. */
  readonly maxFiles: number
  /** Makes conmon open a new file (`task.reopenLog`). */
  readonly reopen: () => Promise<void>
  readonly log: Logger
}

/** A busy log is looked at this often, however often it is written to. */
const quietMs = 100

/** Watches until disposed of. */
export function startLogRotation(options: RotationOptions): Disposable {
  const watch = watchChanges(options.logPath)
  const end = new AbortController()
  void watchSize(options, watch.next, end.signal)
  return {
    [Symbol.dispose]() {
      end.abort()
      watch.stop()
      watch[Symbol.dispose]()
    },
  }
}

async function watchSize(
  options: RotationOptions,
  changed: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await changed()
    if (signal.aborted) return
    try {
      const stats = statSync(options.logPath, { throwIfNoEntry: false })
      if (stats && stats.size >= options.maxBytes) await rotateLog(options)
    } catch (error) {
      options.log.warn({ path: options.logPath, reason: errorMessage(error) }, 'log not rotated')
    }
    await sleep(quietMs, signal).catch(() => undefined)
  }
}

/** `log` → `log.1` → `log.2` …; the oldest goes. */
export async function rotateLog(options: RotationOptions): Promise<void> {
  const { logPath, maxFiles } = options
  const oldest = Math.max(1, maxFiles - 1)
  rmSync(`${logPath}.${oldest}`, { force: true })
  for (let index = oldest - 1; index >= 1; index--) {
    if (existsSync(`${logPath}.${index}`)) {
      renameSync(`${logPath}.${index}`, `${logPath}.${index + 1}`)
    }
  }
  renameSync(logPath, `${logPath}.1`)
  await options.reopen()
  if (maxFiles <= 1) rmSync(`${logPath}.1`, { force: true })
}
