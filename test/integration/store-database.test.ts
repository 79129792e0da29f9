import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { errorKind } from '#base/errors.ts'
import { silentLogger, type Logger } from '#base/log.ts'
import { openMetadataDb } from '#store/database.ts'
import { openStores } from '#store/open.ts'
import { testKey } from '#test/suites/snapshotter.ts'
import { openTestStores } from '#test/support/stores.ts'
import { temporaryDirectory } from '#test/support/trees.ts'

const tables = ['CREATE TABLE things (name TEXT PRIMARY KEY, size INTEGER) STRICT']

function open(root: string, statements: readonly string[] = tables) {
  const db = openMetadataDb({ root, log: silentLogger })
  db.migrate('test', statements)
  return db
}

test('migrations run once each, in order, per owner', (t) => {
  const root = temporaryDirectory(t, 'db')
  open(root)[Symbol.dispose]()
  const added = [...tables, "INSERT INTO things VALUES ('made by migration', 1)"]
  open(root, added)[Symbol.dispose]()
  using db = open(root, added)
  assert.deepEqual(
    db.all('SELECT name FROM things').map((row) => ({ ...row })),
    [{ name: 'made by migration' }],
  )
  db.migrate('other', ['CREATE TABLE others (id INTEGER)'])
  assert.deepEqual(db.all('SELECT * FROM others'), [])
})

test('a failing migration leaves nothing of itself', (t) => {
  const root = temporaryDirectory(t, 'db')
  using db = openMetadataDb({ root, log: silentLogger })
  assert.throws(() => db.migrate('test', [...tables, 'CREATE TABLE broken (']))
  db.migrate('test', tables)
  assert.deepEqual(db.all('SELECT * FROM things'), [])
})

test('a database of a newer engine is refused', (t) => {
  const root = temporaryDirectory(t, 'db')
  open(root, [...tables, 'CREATE TABLE newer (id INTEGER)'])[Symbol.dispose]()
  using db = openMetadataDb({ root, log: silentLogger })
  assert.throws(
    () => db.migrate('test', tables),
    (error) => errorKind(error) === 'failed_precondition',
  )
})

test('transactions commit, roll back and nest', (t) => {
  using db = open(temporaryDirectory(t, 'db'))
  const insert = (name: string) => db.run('INSERT INTO things VALUES (?, 1)', name)
  const names = () => db.all('SELECT name FROM things ORDER BY name').map((row) => row['name'])
  const failing = (name: string) =>
    db.transaction(() => {
      insert(name)
      throw new Error('no')
    })
  db.transaction(() => insert('a'), { durable: true })
  assert.throws(() => failing('b'), /no/)
  db.transaction(() => {
    insert('c')
    assert.throws(() => failing('d'), /no/)
    db.transaction(() => insert('e'), { durable: true })
  })
  assert.throws(() =>
    db.transaction(() => {
      db.transaction(() => insert('f'))
      throw new Error('outer')
    }),
  )
  assert.deepEqual(names(), ['a', 'c', 'e'])
  assert.throws(
    () => insert('a'),
    (error) => errorKind(error) === 'already_exists',
  )
  assert.throws(() => db.transaction(async () => insert('g')), /must be synchronous/)
})

test('values of every type come back', (t) => {
  using db = open(temporaryDirectory(t, 'db'), ['CREATE TABLE v (a, b, c, d)'])
  db.run('INSERT INTO v VALUES (?, ?, ?, ?)', 'text', 2 ** 50, Buffer.from('bytes'), null)
  const row = db.get('SELECT * FROM v')
  assert.deepEqual(
    { ...row },
    { a: 'text', b: 2 ** 50, c: new Uint8Array(Buffer.from('bytes')), d: null },
  )
})

test('a second engine on the same root is refused', async (t) => {
  const stores = await openTestStores(t)
  await assert.rejects(
    openStores({ root: stores.root, log: silentLogger }),
    (error) => errorKind(error) === 'conflict',
  )
})

test('the data root and what is in it are closed to other users', async (t) => {
  const { root } = await openTestStores(t)
  const mode = (name: string) => (statSync(join(root, name)).mode & 0o777).toString(8)
  const found = Object.fromEntries(
    ['.', 'metadata.db', 'metadata.db-wal', 'content', 'content/ingest', 'snapshots'].map(
      (name) => [name, mode(name)],
    ),
  )
  assert.deepEqual(found, {
    '.': '710',
    'metadata.db': '600',
    'metadata.db-wal': '600',
    content: '700',
    'content/ingest': '700',
    snapshots: '700',
  })
})

test('a damaged database is moved aside with its snapshots; blobs stay', async (t) => {
  const first = await openTestStores(t)
  const { root } = first
  const lease = await first.leases.open('test')
  const digest = await first.content.ingest({
    lease,
    source: async function* () {
      yield Buffer.from('blob')
    },
  })
  await first.snapshots.prepare(testKey('c'), undefined)
  writeFileSync(join(first.snapshots.upperDirectory(testKey('c')), 'precious'), 'data')
  await lease[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  const bytes = readFileSync(join(root, 'metadata.db'))
  writeFileSync(join(root, 'metadata.db'), bytes.fill(0x5a, 0, bytes.length / 2))
  const errors: unknown[] = []
  const log: Logger = { ...silentLogger, child: () => log, error: (fields) => errors.push(fields) }
  const second = await openTestStores(t, { root, log })
  assert.equal(errors.length, 1)
  assert.ok(second.content.find(digest))
  assert.deepEqual([...second.snapshots.listActive()], [])
  const kept = readdirSync(root).filter((name) => name.startsWith('snapshots.quarantine-'))
  assert.equal(kept.length, 1)
  assert.equal(readFileSync(join(root, kept[0] ?? '', '1/fs/precious'), 'utf8'), 'data')
  await second[Symbol.asyncDispose]()
})
