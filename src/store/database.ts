import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { EngineError } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { openDiskReserve } from '#store/disk-reserve.ts'
import { databaseFile, openOrQuarantine } from '#store/quarantine.ts'
import { fromSqliteError } from '#store/sqlite.ts'
import type { MetadataDb } from '#store/types.ts'

/** Opens `<root>/metadata.db`. Statements are prepared once and kept. */
export function openMetadataDb(options: { root: string; log: Logger }): MetadataDb {
  const reserve = openDiskReserve(options.root, options.log)
  const database = reserve.retried(() => openOrQuarantine(options.root, options.log))
  // The log file exists from the first write on and is never replaced while we hold the lock.
  database.exec('CREATE TABLE IF NOT EXISTS migrations (owner TEXT PRIMARY KEY, applied INTEGER)')
  const journal = openSync(join(options.root, `${databaseFile}-wal`), 'r+')
  const prepare = createStatementCache(database)
  const transactions = createTransactions(prepare, () => fdatasyncSync(journal))
  // A failure inside a transaction is the whole transaction's: only that can be tried again.
  const whole = <T>(work: () => T) => (transactions.isOpen() ? work() : reserve.retried(work))
  const db: MetadataDb = {
    transaction: (work, wishes) => whole(() => transactions.run(work, wishes)),
    migrate: (owner, statements) => migrate(db, owner, statements),
    run: (sql, ...values) =>
      whole(() => translated(() => ({ changes: Number(prepare(sql).run(...values).changes) }))),
    get: (sql, ...values) => translated(() => prepare(sql).get(...values)),
    all: (sql, ...values) => translated(() => prepare(sql).all(...values)),
    [Symbol.dispose]() {
      closeSync(journal)
      database.close()
    },
  }
  return db
}

type Prepare = (sql: string) => StatementSync

function createStatementCache(database: DatabaseSync): Prepare {
  const statements = new Map<string, StatementSync>()
  return (sql) => {
    let statement = statements.get(sql)
    if (!statement) {
      statement = database.prepare(sql)
      statements.set(sql, statement)
    }
    return statement
  }
}

/**
 * Transactions nest as savepoints. When any of them asked to be durable, the
 * outermost commit waits for the write-ahead log to reach the disk, which is
 * exactly what `synchronous = FULL` adds to NORMAL.
 */
function createTransactions(
  prepare: Prepare,
  syncJournal: () => void,
): { readonly run: MetadataDb['transaction']; isOpen(): boolean } {
  let depth = 0
  let isDurable = false
  const run: MetadataDb['transaction'] = (work, options = {}) => {
    const [begin, commit, rollback] =
      depth === 0
        ? (['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'] as const)
        : (['SAVEPOINT nested', 'RELEASE nested', 'ROLLBACK TO nested'] as const)
    if (depth === 0) isDurable = false
    translated(() => prepare(begin).run())
    depth++
    try {
      const result = work()
      if (result instanceof Promise) {
        throw new EngineError('internal', 'metadata transaction: the work must be synchronous')
      }
      translated(() => prepare(commit).run())
      isDurable ||= options.durable === true
      if (depth === 1 && isDurable) syncJournal()
      return result
    } catch (error) {
      undo(prepare, rollback, depth)
      throw error
    } finally {
      depth--
    }
  }
  return { run, isOpen: () => depth > 0 }
}

function undo(prepare: Prepare, rollback: string, depth: number): void {
  try {
    prepare(rollback).run()
    // Rolling back to a savepoint keeps it on the stack.
    if (depth > 1) prepare('RELEASE nested').run()
  } catch {
    // SQLite rolls back by itself on a full disk and the like: nothing is open any more.
  }
}

function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw fromSqliteError('metadata database', error)
  }
}

function migrate(db: MetadataDb, owner: string, statements: readonly string[]): void {
  const row = db.get('SELECT applied FROM migrations WHERE owner = ?', owner)
  const applied = Number(row?.['applied'] ?? 0)
  if (applied === statements.length) return
  if (applied > statements.length) {
    throw new EngineError(
      'failed_precondition',
      `open metadata of "${owner}": version ${applied} is newer than this engine's ${statements.length}`,
      { hint: 'start the newer engine, or choose another data root' },
    )
  }
  db.transaction(
    () => {
      for (const statement of statements.slice(applied)) db.run(statement)
      db.run(
        'INSERT INTO migrations VALUES (?, ?) ON CONFLICT DO UPDATE SET applied = excluded.applied',
        owner,
        statements.length,
      )
    },
    { durable: true },
  )
}
