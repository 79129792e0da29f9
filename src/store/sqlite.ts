import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { EngineError, errorKind, type ErrorKind } from '#base/errors.ts'

/** Primary result codes (sqlite.org/rescode.html). */
const resultCode = { busy: 5, full: 13, corrupt: 11, cantOpen: 14, constraint: 19, notADb: 26 }

const kindsByCode: Readonly<Record<number, ErrorKind>> = {
  [resultCode.busy]: 'conflict',
  [resultCode.full]: 'resource_exhausted',
  [resultCode.corrupt]: 'data_loss',
  [resultCode.notADb]: 'data_loss',
  [resultCode.constraint]: 'already_exists',
}

/** Turns what node:sqlite throws into an EngineError; anything else passes through. */
export function fromSqliteError(action: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error
  const kind = kindsByCode[Number(error.errcode) & 0xff] ?? 'internal'
  return new EngineError(kind, `${action}: ${error.message}`, { cause: error })
}

/**
 * Opens the file (0600) in WAL mode with an exclusive lock: one engine per
 * data root, and no shared-memory file. Checks its integrity.
 * @throws EngineError conflict when another engine holds it, data_loss when it is damaged
 */
export function openSqlite(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path, { timeout: 2000 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec('PRAGMA foreign_keys = ON')
    database.exec('PRAGMA journal_size_limit = 4194304')
    checkIntegrity(database, path)
    return database
  } catch (error) {
    database.close()
    const failure = fromSqliteError(`open metadata database "${path}"`, error)
    throw errorKind(failure) === 'conflict' ? inUse(path, failure) : failure
  }
}

function inUse(path: string, cause: unknown): EngineError {
  return new EngineError(
    'conflict',
    `open metadata database "${path}": another engine has it open`,
    {
      hint: 'stop that engine, or choose another --data-root',
      cause,
    },
  )
}

function checkIntegrity(database: DatabaseSync, path: string): void {
  const problem = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (problem === 'ok') return
  throw new EngineError('data_loss', `open metadata database "${path}": ${String(problem)}`)
}
