import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { errorKind, errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { openSqlite } from '#store/sqlite.ts'

export const databaseFile = 'metadata.db'
export const snapshotsDirectory = 'snapshots'

/**
 * Opens the metadata database; a damaged one is moved aside together with the
 * snapshots that only it could name, so that the engine starts and nothing a
 * user wrote is deleted. Blobs stay: they are named by their own digest.
 */
export function openOrQuarantine(root: string, log: Logger): DatabaseSync {
  const path = join(root, databaseFile)
  try {
    return openSqlite(path)
  } catch (error) {
    if (errorKind(error) !== 'data_loss') throw error
    const suffix = `quarantine-${Date.now()}`
    const kept = [`${databaseFile}-wal`, databaseFile, snapshotsDirectory]
      .filter((name) => existsSync(join(root, name)))
      .map((name) => moveAside(root, name, suffix))
    log.error(
      { path, kept, reason: errorMessage(error) },
      'metadata database is damaged: moved aside, starting with an empty one; ' +
        'images must be pulled again, and files of containers are below the kept snapshots',
    )
    return openSqlite(path)
  }
}

function moveAside(root: string, name: string, suffix: string): string {
  const target = join(root, `${name}.${suffix}`)
  renameSync(join(root, name), target)
  return target
}
