import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'

/**
 * Writes our process id, unless a live engine owns the file. The id of a dead engine may
 * belong to any process by now, so the owner must be a gantryd to count.
 * @throws EngineError conflict
 */
export function writePidfile(path: string): Disposable {
  const owner = readPid(path)
  if (owner !== undefined && owner !== process.pid && isEngine(owner)) {
    throw new EngineError(
      'conflict',
      `failed to start daemon, ensure gantryd is not running or delete ${path}: ` +
        `process with PID ${owner.toString()} is still running`,
    )
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  writeFileSync(path, process.pid.toString(), { mode: 0o644 })
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
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
