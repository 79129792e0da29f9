import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { instantFromNanos } from '#base/clock.ts'
import { silentLogger } from '#base/log.ts'
import { plainSpec } from '#container/testing/sample.ts'
import { openTable } from '#container/table.ts'
import type { ContainerRecord } from '#container/types.ts'
import { openMetadataDb } from '#store/database.ts'

function openDb(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'table-'))
  const db = openMetadataDb({ root, log: silentLogger })
  t.after(() => {
    db[Symbol.dispose]()
    rmSync(root, { recursive: true, force: true })
  })
  return db
}

function record(id: string, name: string): ContainerRecord {
  return {
    id: id.padEnd(64, '0'),
    name,
    createdAt: instantFromNanos(1_700_000_000_123_456_789n),
    imageId: 'sha256:x',
    imageName: 'busybox',
    spec: plainSpec,
    state: { status: 'created' },
    restartCount: 0,
    isStoppedByUser: false,
    mounts: [],
  }
}

test('records come back whole, to the nanosecond', (t) => {
  const db = openDb(t)
  const table = openTable(db, silentLogger)
  const first = record('aa', 'one')
  table.insert(first)
  const at = instantFromNanos(1_700_000_001_000_000_001n)
  const last = { code: 7, startedAt: at, finishedAt: at, isOomKilled: false }
  const ended: ContainerRecord = { ...first, restartCount: 3, state: { status: 'exited', last } }
  table.save(ended)
  assert.deepEqual(openTable(db, silentLogger).list(), [ended])
})

test('references are ids, names and unique prefixes, in this order', (t) => {
  const table = openTable(openDb(t), silentLogger)
  for (const each of [record('ab1', 'web'), record('ab2', 'ab1'), record('cd', 'db')]) {
    table.insert(each)
    table.publish(each)
    table.claimName(each.name, each.id)
  }
  assert.equal(table.resolve('/web').id, 'ab1'.padEnd(64, '0'))
  assert.equal(table.resolve('ab1').name, 'ab1', 'a name beats a prefix')
  assert.equal(table.resolve('c').name, 'db')
  assert.throws(() => table.resolve('ab'), { kind: 'invalid_argument' })
  assert.throws(() => table.resolve('nope'), {
    kind: 'not_found',
    message: 'No such container: nope',
  })
})

test('a taken name is refused with its holder', (t) => {
  const table = openTable(openDb(t), silentLogger)
  table.claimName('web', 'id1')
  assert.throws(() => table.claimName('web', 'id2'), {
    kind: 'conflict',
    message:
      'Conflict. The container name "/web" is already in use by container "id1". ' +
      'You have to remove (or rename) that container to be able to reuse that name.',
  })
  table.releaseName('web', 'id2')
  assert.equal(table.hasName('web'), true, 'only its holder gives it back')
  table.releaseName('web', 'id1')
  assert.equal(table.hasName('web'), false)
})

test('a damaged record is put aside and the others are served', (t) => {
  const db = openDb(t)
  const table = openTable(db, silentLogger)
  const [good, bad] = [record('aa', 'good'), record('bb', 'bad')]
  for (const each of [good, bad]) table.insert(each)
  db.run('UPDATE containers SET state = ? WHERE id = ?', '{"state":{"status":"flying"}}', bad.id)
  const again = openTable(db, silentLogger)
  assert.deepEqual(again.list(), [good])
  assert.equal(again.isKnown(bad.id), true, 'nothing of it may be swept away')
  assert.equal(openTable(db, silentLogger).isKnown(bad.id), true)
})
