/** Volume records in the metadata store. */
import { instantFromNanos, type Instant } from '#base/clock.ts'
import type { MetadataDb, SqlRow } from '#store/types.ts'

export interface VolumeRecord {
  readonly name: string
  readonly createdAt: Instant
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly isAnonymous: boolean
}

const migrations = [
  `CREATE TABLE volumes (
    name TEXT PRIMARY KEY, created_at TEXT NOT NULL, labels TEXT NOT NULL, options TEXT NOT NULL,
    is_anonymous INTEGER NOT NULL) WITHOUT ROWID`,
]

export interface VolumeRecords {
  load(): VolumeRecord[]
  insert(record: VolumeRecord): void
  delete(name: string): void
}

export function openVolumeRecords(db: MetadataDb): VolumeRecords {
  db.migrate('volumes', migrations)
  return {
    load: () => db.all('SELECT * FROM volumes ORDER BY name').map(decode),
    insert: (record) =>
      db.transaction(
        () =>
          void db.run(
            `INSERT INTO volumes (name, created_at, labels, options, is_anonymous)
             VALUES (?, ?, ?, ?, ?)`,
            record.name,
            record.createdAt.toString(),
            JSON.stringify(record.labels),
            JSON.stringify(record.options),
            record.isAnonymous ? 1 : 0,
          ),
        // An anonymous volume is worth what its container's record is worth.
        { durable: !record.isAnonymous },
      ),
    delete: (name) => void db.run('DELETE FROM volumes WHERE name = ?', name),
  }
}

function decode(row: SqlRow): VolumeRecord {
  return {
    name: String(row['name']),
    createdAt: instantFromNanos(BigInt(String(row['created_at']))),
    labels: decodeMap(row['labels']),
    options: decodeMap(row['options']),
    isAnonymous: Number(row['is_anonymous']) === 1,
  }
}

function decodeMap(value: unknown): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(String(value))
  if (typeof parsed !== 'object' || parsed === null) return {}
  return Object.fromEntries(Object.entries(parsed).map(([key, item]) => [key, String(item)]))
}
