import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { errorKind } from '#base/errors.ts'
import { silentLogger } from '#base/log.ts'
import { saveBody } from '#build/sources/download.ts'
import { openMetadataDb } from '#store/database.ts'
import { openStores } from '#store/open.ts'
import { mount, unmount } from '#sys/mount.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'
import { encodeArchive } from '#test/support/tar-members.ts'

/** A filesystem with little room. */
function smallDisk(t: TestContext, megabytes = 2): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-full-'))
  mount({ type: 'tmpfs', target: directory, options: `size=${megabytes}m` })
  t.after(() => {
    unmount(directory, { detach: true })
    rmdirSync(directory)
  })
  return directory
}

const isFull = (error: unknown) => errorKind(error) === 'resource_exhausted'

test('an ingest that fills the disk fails, leaves nothing, and smaller ones work again', async (t) => {
  const root = join(smallDisk(t), 'root')
  await using stores = await openStores({ root, log: silentLogger })
  await using lease = await stores.leases.open('test')
  const source = async function* (megabytes: number) {
    for (let index = 0; index < megabytes * 4; index++) yield Buffer.alloc(256 * 1024, index)
  }
  const ingest = stores.content.ingest({ lease, source: () => source(5), resume: true })
  await assert.rejects(ingest, isFull)
  assert.deepEqual(readdirSync(join(root, 'content/ingest')), [])
  assert.deepEqual([...stores.content.list()], [])
  await stores.content.ingest({ lease, source: () => source(0.5) })
})

test('an extraction that fills the disk fails as such', async (t) => {
  const directory = join(smallDisk(t), 'layer')
  mkdirSync(directory)
  await using extractor = openLayerExtractor({ directory })
  await extractor
    .write(encodeArchive([{ path: 'big', content: Buffer.alloc(5_000_000, 'x') }]))
    .catch(() => undefined)
  await assert.rejects(extractor.finish(), isFull)
})

test('a download that fills the disk fails as such', async (t) => {
  const body = ReadableStream.from([Buffer.alloc(5_000_000, 'x')])
  const response = { body, header: () => undefined }
  const op = { kind: 'http', url: 'http://example.com/big' } as const
  const place = { op, path: join(smallDisk(t), 'big') }
  const { signal } = new AbortController()
  const context = { signal, onOutput: () => {}, onStatus: () => {} }
  await assert.rejects(saveBody(response, place, context), isFull)
})

/** Takes all room that is left. */
function fillDisk(directory: string): string {
  const path = join(directory, 'filler')
  const file = openSync(path, 'w')
  try {
    for (const bytes of [65_536, 512]) {
      assert.throws(() => {
        for (;;) writeSync(file, Buffer.alloc(bytes))
      }, /ENOSPC/)
    }
  } finally {
    closeSync(file)
  }
  return path
}

test('metadata is written on a full disk, and an engine can be started there', (t) => {
  const disk = smallDisk(t, 12)
  const root = join(disk, 'root')
  mkdirSync(root)
  const reserve = join(root, 'metadata.reserve')
  const open = () => {
    const db = openMetadataDb({ root, log: silentLogger })
    db.migrate('test', ['CREATE TABLE things (text TEXT)'])
    return db
  }
  const text = 'x'.repeat(20_000)
  {
    using db = open()
    const filler = fillDisk(disk)
    for (let index = 0; index < 20; index++) {
      db.transaction(() => db.run('INSERT INTO things VALUES (?)', text))
    }
    assert.equal(existsSync(reserve), false)
    assert.equal(db.all('SELECT text FROM things').length, 20)
    rmSync(filler)
  }
  open()[Symbol.dispose]()
  assert.ok(existsSync(reserve), 'it is set aside again')
  fillDisk(disk)
  using again = open()
  again.run('DELETE FROM things')
  again.run('INSERT INTO things VALUES (?)', text)
  assert.equal(again.all('SELECT text FROM things').length, 1)
})

test('without any room left a write fails as such', (t) => {
  const disk = smallDisk(t, 8)
  using db = openMetadataDb({ root: disk, log: silentLogger })
  db.migrate('test', ['CREATE TABLE things (text TEXT)'])
  fillDisk(disk)
  const fill = () => {
    for (;;) db.run('INSERT INTO things VALUES (?)', 'x'.repeat(100_000))
  }
  assert.throws(fill, isFull)
  const { length } = db.all('SELECT text FROM things')
  assert.throws(() => db.transaction(fill), isFull)
  assert.equal(db.all('SELECT text FROM things').length, length)
})
