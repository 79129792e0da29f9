import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'

/**
 * Wraps an undo step so that it logs and never throws: a disposer that throws
 * would hide the body's own failure behind a `SuppressedError`.
 * Usage: `undo.defer(undoing(log, 'remove snapshot', () => snapshots.remove(key)))`.
 */
export function undoing(
  log: Logger,
  what: string,
  step: () => void | Promise<void>,
): () => Promise<void> {
  return async () => {
    try {
      await step()
    } catch (error) {
      log.warn({ what, reason: errorMessage(error) }, 'undo step failed')
    }
  }
}
