/**
 * Image records: rows in the metadata database and a catalog in memory. Reads never touch the
 * disk; each change is one durable transaction, applied in memory once it is committed.
 */
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { type Catalog, createCatalog, type ImageName } from '#image/catalog.ts'
import { decodeFacts, encodeFacts, type ImageFacts } from '#image/record-codec.ts'
import type { ImageId } from '#image/types.ts'
import type { MetadataDb, SqlRow } from '#store/types.ts'

export interface ImageRecords extends Reads {
  /** Writes the image and gives it the names, taking them from others. */
  put(facts: ImageFacts, names: readonly ImageName[]): void
  dropNames(names: readonly string[]): void
  /** Drops the image and all its names. */
  remove(id: ImageId): void
}

const migrations = [
  'CREATE TABLE images (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT',
  `CREATE TABLE image_names (name TEXT PRIMARY KEY, type TEXT NOT NULL, image TEXT NOT NULL)
     STRICT, WITHOUT ROWID`,
  'CREATE TABLE image_quarantine (id TEXT, record TEXT, reason TEXT NOT NULL) STRICT',
]

/** Reads all records; damaged ones are moved to a table of their own and logged. */
export function openImageRecords(db: MetadataDb, log: Logger): ImageRecords {
  db.migrate('images', migrations)
  const catalog = createCatalog()
  for (const row of db.all('SELECT id, record FROM images ORDER BY rowid')) {
    const facts = readRow(db, log, row)
    if (facts) catalog.set(facts)
  }
  for (const { name, type, image } of db.all('SELECT name, type, image FROM image_names')) {
    catalog.setName(String(image), {
      name: String(name),
      type: type === 'digest' ? 'digest' : 'tag',
    })
  }
  return {
    ...readsOf(catalog),
    put(facts, names) {
      durably(db, () => {
        db.run(
          `INSERT INTO images VALUES (?, ?)
             ON CONFLICT (id) DO UPDATE SET record = excluded.record`,
          facts.id,
          encodeFacts(facts),
        )
        for (const { name, type } of names) {
          db.run('INSERT OR REPLACE INTO image_names VALUES (?, ?, ?)', name, type, facts.id)
        }
      })
      catalog.set(facts)
      for (const name of names) catalog.setName(facts.id, name)
    },
    dropNames(names) {
      durably(db, () => {
        for (const name of names) db.run('DELETE FROM image_names WHERE name = ?', name)
      })
      for (const name of names) catalog.deleteName(name)
    },
    remove(id) {
      durably(db, () => {
        db.run('DELETE FROM image_names WHERE image = ?', id)
        db.run('DELETE FROM images WHERE id = ?', id)
      })
      catalog.delete(id)
    },
  }
}

type Reads = Omit<Catalog, 'set' | 'setName' | 'deleteName' | 'delete'>

function readsOf(catalog: Catalog): Reads {
  return {
    facts: (id) => catalog.facts(id),
    get: (id) => catalog.get(id),
    named: (name) => catalog.named(name),
    list: () => catalog.list(),
    withPrefix: (prefix) => catalog.withPrefix(prefix),
  }
}

function durably(db: MetadataDb, work: () => void): void {
  db.transaction(work, { durable: true })
}

function readRow(db: MetadataDb, log: Logger, row: SqlRow): ImageFacts | undefined {
  const id = String(row['id'])
  const record = String(row['record'])
  try {
    return decodeFacts(id, record)
  } catch (error) {
    const reason = errorMessage(error)
    log.error({ image: id, reason }, 'image record is damaged: set aside, pull the image again')
    durably(db, () => {
      db.run('INSERT INTO image_quarantine VALUES (?, ?, ?)', id, record, reason)
      db.run('DELETE FROM image_names WHERE image = ?', id)
      db.run('DELETE FROM images WHERE id = ?', id)
    })
    return undefined
  }
}
