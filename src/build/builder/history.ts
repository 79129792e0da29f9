/** Past builds: a row each, what they said in a file each; bounded in number. */
import { createReadStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Instant, instantFromMillis, millisOf, now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { openBuildLog, type BuildLog } from '#build/builder/log-file.ts'
import type { BuildHistory, BuildHistoryEntry } from '#build/types.ts'
import { parseDigest } from '#oci/digest.ts'
import type { MetadataDb, SqlRow } from '#store/types.ts'

export interface HistoryStore extends BuildHistory {
  begin(buildId: string, name: string): BuildLog
  finish(entry: FinishedBuild): void
}

export interface FinishedBuild extends Pick<
  BuildHistoryEntry,
  'buildId' | 'totalSteps' | 'cachedSteps' | 'imageId' | 'error'
> {
  readonly status: Exclude<BuildHistoryEntry['status'], 'running'>
}

const maxBuilds = 200

const migrations = [
  `CREATE TABLE build_history (
     number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL,
     started INTEGER NOT NULL, finished INTEGER, total INTEGER NOT NULL, cached INTEGER NOT NULL,
     image TEXT, error TEXT) STRICT`,
]

/** Builds that an earlier engine did not finish count as cancelled. */
export function openHistory(
  db: MetadataDb,
  { directory, log }: { readonly directory: string; readonly log: Logger },
): HistoryStore {
  db.migrate('build-history', migrations)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  db.run(
    "UPDATE build_history SET status = 'cancelled', finished = started WHERE status = 'running'",
  )
  const find = (buildId: string) => db.get('SELECT * FROM build_history WHERE id = ?', buildId)
  const get = (buildId: string) => {
    const row = find(buildId)
    if (!row) throw new EngineError('not_found', `no build "${buildId}" in the history`)
    return toEntry(row)
  }
  return {
    list: () => db.all('SELECT * FROM build_history ORDER BY number DESC').map(toEntry),
    get,
    logs(buildId) {
      get(buildId)
      return createReadStream(logPath(directory, buildId))
    },
    begin(buildId, name) {
      const sql = `INSERT INTO build_history (id, name, status, started, total, cached)
        VALUES (?, ?, 'running', ?, 0, 0)`
      db.run(sql, buildId, name, millisOf(now()))
      dropOldest(db, directory)
      return openBuildLog(logPath(directory, buildId), log)
    },
    finish({ buildId, status, totalSteps, cachedSteps, imageId, error }) {
      const sql = `UPDATE build_history
        SET status = ?, finished = ?, total = ?, cached = ?, image = ?, error = ? WHERE id = ?`
      const outcome = [imageId ?? null, error ?? null, buildId] as const
      db.run(sql, status, millisOf(now()), totalSteps, cachedSteps, ...outcome)
    },
  }
}

function dropOldest(db: MetadataDb, directory: string): void {
  const sql = `DELETE FROM build_history WHERE status <> 'running' AND number <=
    (SELECT number FROM build_history ORDER BY number DESC LIMIT 1 OFFSET ?) RETURNING id`
  for (const row of db.all(sql, maxBuilds)) {
    rmSync(logPath(directory, String(row['id'])), { force: true })
  }
}

function logPath(directory: string, buildId: string): string {
  return join(directory, `${buildId}.log`)
}

function toEntry(row: SqlRow): BuildHistoryEntry {
  const finished = row['finished'] ?? null
  const image = row['image']
  const error = row['error']
  return {
    buildId: String(row['id']),
    name: String(row['name']),
    status: toStatus(String(row['status'])),
    startedAt: instant(row['started']),
    totalSteps: Number(row['total']),
    cachedSteps: Number(row['cached']),
    ...(finished !== null && { finishedAt: instant(finished) }),
    ...(typeof image === 'string' && { imageId: parseDigest(image) }),
    ...(typeof error === 'string' && { error }),
  }
}

function instant(value: SqlRow[string] | undefined): Instant {
  return instantFromMillis(Number(value))
}

function toStatus(text: string): BuildHistoryEntry['status'] {
  return text === 'completed' || text === 'failed' || text === 'cancelled' ? text : 'running'
}
