import { EngineError } from '#base/errors.ts'
import type { ChainId } from '#oci/digest.ts'
import { chainIdFromColumn, diffIdFromColumn, snapshotKeyFromColumn } from '#store/brands.ts'
import type {
  CommitLayerOptions,
  CommittedSnapshot,
  MetadataDb,
  SnapshotKey,
  SqlRow,
} from '#store/types.ts'

/** The snapshot tables: which directory number belongs to which name or key. */
export interface SnapshotRows {
  findLayer(name: ChainId): LayerRow | undefined
  findActive(key: SnapshotKey): ActiveRow | undefined
  /** Directory numbers of `name` and its ancestors, topmost first. @throws not_found */
  chain(name: ChainId): number[]
  insertLayer(directory: number, layer: CommitLayerOptions): void
  /** Whether `name` or an ancestor may be lost when the machine goes down. */
  isVolatile(name: ChainId): boolean
  /** Marks `name` and its ancestors as safe on disk. */
  markDurable(name: ChainId): void
  insertActive(row: ActiveRow): void
  deleteActive(key: SnapshotKey): void
  /** @throws conflict while another snapshot stands on it */
  deleteLayer(name: ChainId): void
  layers(): LayerRow[]
  active(): ActiveRow[]
  directories(): Set<number>
}

export interface LayerRow extends CommittedSnapshot {
  readonly directory: number
}

export interface ActiveRow {
  readonly key: SnapshotKey
  readonly parent?: ChainId
  readonly directory: number
  readonly kind: 'active' | 'view'
  readonly isVolatile: boolean
}

const migrations = [
  `CREATE TABLE snapshot_layers (
     name TEXT PRIMARY KEY, parent TEXT REFERENCES snapshot_layers, diff_id TEXT NOT NULL,
     size_bytes INTEGER NOT NULL, directory INTEGER NOT NULL UNIQUE) STRICT, WITHOUT ROWID`,
  'CREATE INDEX snapshot_layers_parent ON snapshot_layers (parent)',
  `CREATE TABLE snapshot_active (
     key TEXT PRIMARY KEY, parent TEXT REFERENCES snapshot_layers, directory INTEGER NOT NULL UNIQUE,
     kind TEXT NOT NULL, is_volatile INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  'CREATE INDEX snapshot_active_parent ON snapshot_active (parent)',
  // The boot during which a layer that is not on disk for sure was made; NULL = it is.
  'ALTER TABLE snapshot_layers ADD COLUMN volatile_boot TEXT',
]

const selectChain = `
  WITH RECURSIVE chain (name, parent, directory, depth) AS (
    SELECT name, parent, directory, 0 FROM snapshot_layers WHERE name = ?
    UNION ALL
    SELECT layer.name, layer.parent, layer.directory, depth + 1
      FROM snapshot_layers AS layer JOIN chain ON layer.name = chain.parent)
  SELECT directory FROM chain ORDER BY depth`

const chainNames = `
  WITH RECURSIVE chain (name, parent) AS (
    SELECT name, parent FROM snapshot_layers WHERE name = ?
    UNION ALL
    SELECT layer.name, layer.parent FROM snapshot_layers AS layer JOIN chain ON layer.name = chain.parent)
  SELECT name FROM chain`

/** What an earlier boot never made durable, and all that stands on it. */
const deleteLost = `
  WITH RECURSIVE lost (name) AS (
    SELECT name FROM snapshot_layers WHERE volatile_boot <> ?
    UNION
    SELECT layer.name FROM snapshot_layers AS layer JOIN lost ON layer.parent = lost.name)
  DELETE FROM snapshot_layers WHERE name IN lost`

export interface SnapshotRowsOptions {
  readonly db: MetadataDb
  /** Tells this run of the machine from others: /proc/sys/kernel/random/boot_id. */
  readonly bootId: string
}

export function openSnapshotRows({ db, bootId }: SnapshotRowsOptions): SnapshotRows {
  db.migrate('snapshots', migrations)
  dropLost(db, bootId)
  return {
    findLayer(name) {
      const row = db.get('SELECT * FROM snapshot_layers WHERE name = ?', name)
      return row && layerRow(row)
    },
    findActive(key) {
      const row = db.get('SELECT * FROM snapshot_active WHERE key = ?', key)
      return row && activeRow(row)
    },
    chain(name) {
      const rows = db.all(selectChain, name)
      if (rows.length === 0) throw unknownSnapshot(name)
      return rows.map((row) => Number(row['directory']))
    },
    insertLayer(directory, { name, parent, diffId, sizeBytes, isDurable = true }) {
      const sql = 'INSERT INTO snapshot_layers VALUES (?, ?, ?, ?, ?, ?)'
      db.run(sql, name, parent ?? null, diffId, sizeBytes, directory, isDurable ? null : bootId)
    },
    isVolatile: (name) =>
      db.get(
        `SELECT 1 FROM snapshot_layers WHERE volatile_boot IS NOT NULL AND name IN (${chainNames}) LIMIT 1`,
        name,
      ) !== undefined,
    markDurable: (name) =>
      void db.run(
        `UPDATE snapshot_layers SET volatile_boot = NULL WHERE volatile_boot IS NOT NULL AND name IN (${chainNames})`,
        name,
      ),
    insertActive({ key, parent, directory, kind, isVolatile }) {
      const sql = 'INSERT INTO snapshot_active VALUES (?, ?, ?, ?, ?)'
      db.run(sql, key, parent ?? null, directory, kind, isVolatile ? 1 : 0)
    },
    deleteActive: (key) => void db.run('DELETE FROM snapshot_active WHERE key = ?', key),
    deleteLayer: (name) => deleteLayer(db, name),
    layers: () => db.all('SELECT * FROM snapshot_layers').map(layerRow),
    active: () => db.all('SELECT * FROM snapshot_active').map(activeRow),
    directories() {
      const sql =
        'SELECT directory FROM snapshot_layers UNION ALL SELECT directory FROM snapshot_active'
      return new Set(db.all(sql).map((row) => Number(row['directory'])))
    },
  }
}

/** Deletes the layers, and the active snapshots that stood on them: their files may be damaged. */
function dropLost(db: MetadataDb, bootId: string): void {
  db.transaction(() => {
    // Checked at the end of the transaction, when what stood on the lost ones is gone too.
    db.run('PRAGMA defer_foreign_keys = ON')
    const { changes } = db.run(deleteLost, bootId)
    if (changes === 0) return
    db.run(
      'DELETE FROM snapshot_active WHERE parent IS NOT NULL AND parent NOT IN (SELECT name FROM snapshot_layers)',
    )
  })
}

export function unknownSnapshot(name: string): EngineError {
  return new EngineError('not_found', `snapshot "${name}": not found`)
}

function deleteLayer(db: MetadataDb, name: ChainId): void {
  const user =
    db.get('SELECT name FROM snapshot_layers WHERE parent = ? LIMIT 1', name)?.['name'] ??
    db.get('SELECT key FROM snapshot_active WHERE parent = ? LIMIT 1', name)?.['key']
  if (user !== undefined) {
    throw new EngineError('conflict', `remove snapshot "${name}": in use by "${String(user)}"`)
  }
  const { changes } = db.run('DELETE FROM snapshot_layers WHERE name = ?', name)
  if (changes === 0) throw unknownSnapshot(name)
}

function layerRow(row: SqlRow): LayerRow {
  return {
    name: chainIdFromColumn(row['name']),
    ...parentOf(row),
    diffId: diffIdFromColumn(row['diff_id']),
    sizeBytes: Number(row['size_bytes']),
    directory: Number(row['directory']),
  }
}

function activeRow(row: SqlRow): ActiveRow {
  return {
    key: snapshotKeyFromColumn(row['key']),
    ...parentOf(row),
    directory: Number(row['directory']),
    kind: row['kind'] === 'view' ? 'view' : 'active',
    isVolatile: row['is_volatile'] === 1,
  }
}

function parentOf(row: SqlRow): { parent?: ChainId } {
  return row['parent'] === null ? {} : { parent: chainIdFromColumn(row['parent']) }
}
