import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { branded } from '#base/brand.ts'
import { silentLogger } from '#base/log.ts'
import { type ChainId, chainIds, type DiffId, digestOf, parseDiffId } from '#oci/digest.ts'
import { openMetadataDb } from '#store/database.ts'
import { openSnapshotRows } from '#store/snapshot-rows.ts'
import { openTestStores } from '#test/support/stores.ts'

const diffId = (name: string): DiffId => parseDiffId(digestOf(name))

function chain(...names: string[]): ChainId {
  const top = chainIds(names.map(diffId)).at(-1)
  assert.ok(top)
  return top
}

test('after another boot, layers that were never made durable are gone with all above them', () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-rows-'))
  try {
    using db = openMetadataDb({ root, log: silentLogger })
    const rows = openSnapshotRows({ db, bootId: 'one' })
    const layer = (names: string[], isDurable: boolean) => {
      const parent = names.length > 1 ? { parent: chain(...names.slice(0, -1)) } : {}
      const facts = { name: chain(...names), diffId: diffId(names.at(-1) ?? ''), sizeBytes: 1 }
      rows.insertLayer(names.length * 10 + names.join('').length, {
        ...facts,
        ...parent,
        isDurable,
      })
    }
    layer(['base'], true)
    layer(['base', 'kept'], false)
    layer(['base', 'kept', 'x'], false)
    layer(['base', 'lost!'], false)
    layer(['base', 'lost!', 'above'], true)
    rows.markDurable(chain('base', 'kept', 'x'))
    const names = () => new Set(rows.layers().map(({ name }) => name))
    openSnapshotRows({ db, bootId: 'one' })
    assert.equal(names().size, 5, 'the same boot keeps all')
    openSnapshotRows({ db, bootId: 'two' })
    assert.deepEqual(
      names(),
      new Set([chain('base'), chain('base', 'kept'), chain('base', 'kept', 'x')]),
    )
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

test('makeDurable covers what a layer stands on, and a durable commit of the same layer confirms it', async (t) => {
  const stores = await openTestStores(t)
  const { snapshots } = stores
  await using lease = await stores.leases.open('test')
  const commit = async (key: string, names: string[], isDurable: boolean) => {
    const parent = names.length > 1 ? chain(...names.slice(0, -1)) : undefined
    await snapshots.prepare(branded(key), parent)
    const name = chain(...names)
    lease.keepSnapshot(name)
    const facts = { name, diffId: diffId(names.at(-1) ?? ''), sizeBytes: 0, isDurable }
    await snapshots.commit(branded(key), { ...facts, ...(parent && { parent }) })
  }
  const isVolatile = (...names: string[]) =>
    openSnapshotRows({ db: stores.db, bootId: bootId() }).isVolatile(chain(...names))
  await commit('a', ['a'], false)
  await commit('b', ['a', 'b'], false)
  assert.equal(isVolatile('a', 'b'), true)
  await snapshots.makeDurable(chain('a', 'b'))
  assert.equal(isVolatile('a', 'b'), false)
  await commit('c', ['c'], false)
  await commit('c2', ['c'], true)
  assert.equal(isVolatile('c'), false)
})

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}
