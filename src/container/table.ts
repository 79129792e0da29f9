/**
 * Every container's record: in memory for reading, in SQLite for the next
 * engine. `store` writes to disk only, `publish` shows to readers only, `save`
 * does both in this order.
 *
 * A crash of the engine loses none of these writes. What must also survive a power
 * cut waits for the disk: records of containers that are kept, and states that
 * decide whether a container is started at boot.
 */
import { EngineError, errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { decodeRecord, encodeConfig, encodeState } from '#container/codec.ts'
import { nameConflict } from '#container/names.ts'
import type { ContainerRecord } from '#container/types.ts'
import type { MetadataDb, SqlRow } from '#store/types.ts'

export interface ContainerTable {
  list(): readonly ContainerRecord[]
  find(id: string): ContainerRecord | undefined
  /** By id. @throws not_found */
  get(id: string): ContainerRecord
  /** By full id, name (with or without slash) or unique id prefix. @throws not_found, invalid_argument */
  resolve(ref: string): ContainerRecord
  /** True also for quarantined ids: nothing of theirs may be swept away. */
  isKnown(id: string): boolean
  hasName(name: string): boolean
  /** Reserves a name until `releaseName`. @throws conflict */
  claimName(name: string, id: string): void
  releaseName(name: string, id: string): void
  /** First write of a record (config and state). */
  insert(record: ContainerRecord): void
  /** Writes the state. */
  store(record: ContainerRecord): void
  publish(record: ContainerRecord): void
  save(record: ContainerRecord): void
  /** Writes the config again (rename). */
  storeConfig(record: ContainerRecord): void
  delete(record: ContainerRecord): void
}

const migrations = [
  `CREATE TABLE containers (
    id TEXT PRIMARY KEY, config TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE containers_quarantined (
    id TEXT PRIMARY KEY, config TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL)
    WITHOUT ROWID`,
]

export function openTable(db: MetadataDb, log: Logger): ContainerTable {
  db.migrate('containers', migrations)
  const records = new Map<string, ContainerRecord>()
  const idsByName = new Map<string, string>()
  for (const record of readRecords(db, log)) {
    records.set(record.id, record)
    idsByName.set(record.name, record.id)
  }
  const quarantined = new Set(
    db.all('SELECT id FROM containers_quarantined').map((row) => text(row, 'id')),
  )

  function get(id: string): ContainerRecord {
    const record = records.get(id)
    if (!record) throw noSuchContainer(id)
    return record
  }
  function store(record: ContainerRecord): void {
    const write = () =>
      db.run('UPDATE containers SET state = ? WHERE id = ?', encodeState(record), record.id)
    db.transaction(write, { durable: record.spec.host.restartPolicy.name !== 'no' })
  }
  const publish = (record: ContainerRecord) => void records.set(record.id, record)

  return {
    list: () => [...records.values()],
    find: (id) => records.get(id),
    get,
    resolve: (ref) => {
      const name = ref.replace(/^\//, '')
      return records.get(ref) ?? records.get(idsByName.get(name) ?? '') ?? byPrefix(records, ref)
    },
    isKnown: (id) => records.has(id) || quarantined.has(id),
    hasName: (name) => idsByName.has(name),
    claimName: (name, id) => {
      const holder = idsByName.get(name)
      if (holder !== undefined) throw nameConflict(name, holder)
      idsByName.set(name, id)
    },
    releaseName: (name, id) => {
      if (idsByName.get(name) === id) idsByName.delete(name)
    },
    insert: (record) =>
      db.transaction(
        () =>
          void db.run(
            'INSERT OR REPLACE INTO containers (id, config, state) VALUES (?, ?, ?)',
            record.id,
            encodeConfig(record),
            encodeState(record),
          ),
        { durable: !record.spec.host.isAutoRemove },
      ),
    store,
    publish,
    save: (record) => {
      store(record)
      publish(record)
    },
    storeConfig: (record) => {
      db.run('UPDATE containers SET config = ? WHERE id = ?', encodeConfig(record), record.id)
    },
    delete: (record) => {
      db.run('DELETE FROM containers WHERE id = ?', record.id)
      records.delete(record.id)
      if (idsByName.get(record.name) === record.id) idsByName.delete(record.name)
    },
  }
}

export function noSuchContainer(ref: string): EngineError {
  return new EngineError('not_found', `No such container: ${ref}`)
}

function byPrefix(records: ReadonlyMap<string, ContainerRecord>, ref: string): ContainerRecord {
  let found: ContainerRecord | undefined
  if (/^[0-9a-f]{1,64}$/.test(ref)) {
    for (const [id, record] of records) {
      if (!id.startsWith(ref)) continue
      if (found) {
        throw new EngineError('invalid_argument', `multiple IDs found with provided prefix: ${ref}`)
      }
      found = record
    }
  }
  if (!found) throw noSuchContainer(ref)
  return found
}

/** Rows that cannot be read are put aside, so that one of them does not keep the engine from starting. */
function readRecords(db: MetadataDb, log: Logger): ContainerRecord[] {
  return db.all('SELECT id, config, state FROM containers').flatMap((row) => {
    const id = text(row, 'id')
    try {
      return [decodeRecord({ config: text(row, 'config'), state: text(row, 'state') })]
    } catch (error) {
      log.error({ container: id, reason: errorMessage(error) }, 'container record quarantined')
      db.transaction(() => {
        db.run(
          `INSERT OR REPLACE INTO containers_quarantined (id, config, state, reason)
           SELECT id, config, state, ? FROM containers WHERE id = ?`,
          errorMessage(error),
          id,
        )
        db.run('DELETE FROM containers WHERE id = ?', id)
      })
      return []
    }
  })
}

function text(row: SqlRow, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : ''
}
