/**
 * The persistent build cache: results under their keys, in the metadata
 * database. A record is one result; several keys may lead to it. Records are gc roots:
 * their snapshots live until a record is pruned.
 */
import { branded } from '#base/brand.ts'
import { type Instant, instantFromMillis, millisOf, now } from '#base/clock.ts'
import type { CacheKey, CacheRecord, CacheStore, KeyIngredients } from '#build/solver/types.ts'
import type { MetadataDb, SqlRow } from '#store/types.ts'

/** One cached result as `builder du` and `prune` see it. */
export interface CacheEntry extends CacheRecord {
  readonly id: number
  readonly createdAt: Instant
  readonly lastUsedAt: Instant
  readonly useCount: number
  readonly sizeBytes: number
}

export interface BuildCache extends CacheStore {
  list(): readonly CacheEntry[]
  get(id: number): CacheEntry | undefined
  /** The keys that lead to a record. */
  keysOf(id: number): readonly CacheKey[]
  /** The record that a step has most in common with: what `--why` compares with. */
  findNearest(step: KeyIngredients): CacheEntry | undefined
  remove(ids: readonly number[]): void
}

const migrations = [
  `CREATE TABLE build_record (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL,
     stored TEXT NOT NULL,
     ingredients TEXT NOT NULL,
     size INTEGER NOT NULL,
     created INTEGER NOT NULL,
     used INTEGER NOT NULL,
     uses INTEGER NOT NULL)`,
  'CREATE INDEX build_record_name ON build_record (name, id)',
  `CREATE TABLE build_key (
     key TEXT PRIMARY KEY,
     record INTEGER NOT NULL REFERENCES build_record (id) ON DELETE CASCADE) WITHOUT ROWID`,
  'CREATE INDEX build_key_record ON build_key (record)',
  'DROP INDEX build_record_name',
  "ALTER TABLE build_record ADD COLUMN text TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE build_record ADD COLUMN parent TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE build_record ADD COLUMN origin TEXT NOT NULL DEFAULT ''",
  'CREATE INDEX build_record_text ON build_record (text)',
  'CREATE INDEX build_record_parent ON build_record (parent)',
  'CREATE INDEX build_record_stored ON build_record (stored)',
]

export interface BuildCacheDeps {
  readonly db: MetadataDb
  /** What a stored result takes on disk, shared lower layers left out. */
  readonly sizeOf: (stored: string) => number
}

export function openBuildCache({ db, sizeOf }: BuildCacheDeps): BuildCache {
  db.migrate('build', migrations)
  return {
    find(key) {
      const row = db.get(
        'SELECT r.* FROM build_key k JOIN build_record r ON r.id = k.record WHERE k.key = ?',
        key,
      )
      if (!row) return undefined
      db.run(
        'UPDATE build_record SET used = ?, uses = uses + 1 WHERE id = ?',
        millisOf(now()),
        Number(row['id']),
      )
      return entryOf(row)
    },
    put: (keys, record) =>
      db.transaction(() => putRecord(db, keys, { record, sizeBytes: sizeOf(record.stored) })),
    list: () => db.all('SELECT * FROM build_record ORDER BY id').map(entryOf),
    get(id) {
      const row = db.get('SELECT * FROM build_record WHERE id = ?', id)
      return row && entryOf(row)
    },
    keysOf: (id) =>
      db
        .all('SELECT key FROM build_key WHERE record = ? ORDER BY key', id)
        .map((row) => branded<CacheKey>(String(row['key']))),
    findNearest: (step) => findNearest(db, step),
    remove: (ids) =>
      db.transaction(() => {
        for (const id of ids) db.run('DELETE FROM build_record WHERE id = ?', id)
      }),
  }
}

const latest = 'ORDER BY used DESC, id DESC LIMIT 1'

/** The same step on the same parent, the same step of the project, another step on the parent. */
function findNearest(db: MetadataDb, step: KeyIngredients): CacheEntry | undefined {
  const { text, origin = '', inputs } = step
  const parent = parentOf(step)
  const select = 'SELECT * FROM build_record WHERE'
  const isStep = inputs.length > 0
  const row =
    db.get(`${select} text = ? AND parent = ? ${latest}`, text, parent) ??
    (origin === ''
      ? undefined
      : db.get(`${select} text = ? AND origin = ? ${latest}`, text, origin)) ??
    (isStep && parent !== ''
      ? db.get(
          `${select} parent = ? AND origin = ? AND text LIKE ? ${latest}`,
          parent,
          origin,
          `${text.split(' ', 1)[0] ?? ''} %`,
        )
      : undefined)
  return row && entryOf(row)
}

function parentOf({ inputs }: KeyIngredients): string {
  return inputs[0]?.digest ?? ''
}

interface NewRecord {
  readonly record: CacheRecord
  readonly sizeBytes: number
}

/** Keys that led elsewhere move; a record that no key leads to any more goes. */
function putRecord(
  db: MetadataDb,
  keys: readonly CacheKey[],
  { record, sizeBytes }: NewRecord,
): void {
  const time = millisOf(now())
  const existing = db.get(
    'SELECT id FROM build_record WHERE stored = ? AND name = ?',
    record.stored,
    record.ingredients.name,
  )
  const id = existing ? Number(existing['id']) : insertRecord(db, record, { sizeBytes, time })
  if (existing) describeAnew(db, id, record.ingredients)
  for (const key of keys) {
    db.run(
      'INSERT INTO build_key (key, record) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record',
      key,
      id,
    )
  }
  db.run('DELETE FROM build_record WHERE id NOT IN (SELECT record FROM build_key)')
}

/** The same result came of other inputs: the next difference is to these. */
function describeAnew(db: MetadataDb, id: number, ingredients: KeyIngredients): void {
  const { text, origin = '' } = ingredients
  db.run(
    'UPDATE build_record SET text = ?, parent = ?, origin = ?, ingredients = ? WHERE id = ?',
    text,
    parentOf(ingredients),
    origin,
    JSON.stringify(ingredients),
    id,
  )
}

function insertRecord(
  db: MetadataDb,
  record: CacheRecord,
  { sizeBytes, time }: { readonly sizeBytes: number; readonly time: number },
): number {
  const { ingredients, stored } = record
  const { name, text, origin = '' } = ingredients
  const row = db.get(
    `INSERT INTO build_record
       (name, text, parent, origin, stored, ingredients, size, created, used, uses)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING id`,
    name,
    text,
    parentOf(ingredients),
    origin,
    stored,
    JSON.stringify(ingredients),
    sizeBytes,
    time,
    time,
  )
  return Number(row?.['id'])
}

function entryOf(row: SqlRow): CacheEntry {
  const ingredients: KeyIngredients = JSON.parse(String(row['ingredients']))
  return {
    id: Number(row['id']),
    stored: String(row['stored']),
    ingredients,
    createdAt: instantFromMillis(Number(row['created'])),
    lastUsedAt: instantFromMillis(Number(row['used'])),
    useCount: Number(row['uses']),
    sizeBytes: Number(row['size']),
  }
}
