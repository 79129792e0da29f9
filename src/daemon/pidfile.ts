import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'

/**
 * Writes our process id, unless a live engine owns the file. The id of a dead engine may
 * belong to any process by now, so the owner must be a gantryd to count.
 * @throws EngineError conflict
 */
export function writePidfile(path: string): Disposable {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  // A link appears with its content, and for one of those who start at once.
  const own = `${path}.${process.pid.toString()}`
  writeFileSync(own, process.pid.toString(), { mode: 0o644 })
  try {
    while (!linked(own, path)) {
      const owner = readPid(path)
      if (owner !== undefined && owner !== process.pid && isEngine(owner)) {
        throw new EngineError(
          'conflict',
          `failed to start daemon, ensure gantryd is not running or delete ${path}: ` +
            `process with PID ${owner.toString()} is still running`,
        )
      }
      rmSync(path, { force: true })
    }
  } finally {
    rmSync(own, { force: true })
  }
  return {
    [Symbol.dispose]() {
      if (readPid(path) === process.pid) rmSync(path, { force: true })
    },
  }
}

/** False when `path` is there already. */
function linked(from: string, path: string): boolean {
  try {
    linkSync(from, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim())
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** True for a live process started from our own main file or from an installed gantryd. */
function isEngine(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid.toString()}/cmdline`, 'utf8').split('\0')
    const own = process.argv[1]
    return words.some((word) => word === own || word.endsWith('/gantryd'))
  } catch {
    return false
  }
}
