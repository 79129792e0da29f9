/** Space kept free for the metadata: on a full disk states must still be stored, and the engine start. */
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorKind, errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'

const reserveFile = 'metadata.reserve'
/** Thousands of transactions; the write-ahead log is kept below as much. */
const reserveBytes = 4 * 1024 * 1024
/** Between two tries to set the space aside again. */
const retryMs = 30_000

export interface DiskReserve {
  /** Runs `work`; when the disk is full, gives the space up and runs it once more. */
  retried<T>(work: () => T): T
}

export function openDiskReserve(root: string, log: Logger): DiskReserve {
  const path = join(root, reserveFile)
  let refillAt = 0
  const refill = () => {
    if (performance.now() < refillAt) return
    refillAt = isFilled(path) || fill(path) ? Infinity : performance.now() + retryMs
  }
  refill()
  return {
    retried(work) {
      refill()
      try {
        return work()
      } catch (error) {
        if (errorKind(error) !== 'resource_exhausted' || !existsSync(path)) throw error
        const fields = { path, reason: errorMessage(error) }
        log.error(fields, 'the disk is full: its last reserve is given up, free some space now')
        rmSync(path)
        refillAt = performance.now() + retryMs
        return work()
      }
    },
  }
}

function isFilled(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === reserveBytes
}

/** False where there is no room. */
function fill(path: string): boolean {
  try {
    writeFileSync(path, Buffer.alloc(reserveBytes), { mode: 0o600 })
    return true
  } catch {
    rmSync(path, { force: true })
    return false
  }
}
