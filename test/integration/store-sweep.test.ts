import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { digestOf, type ChainId, type Digest } from '#oci/digest.ts'
import type { Lease, Stores } from '#store/types.ts'
import { testKey, testStack } from '#test/suites/snapshotter.ts'
import { openTestStores } from '#test/support/stores.ts'

async function ingest(stores: Stores, lease: Lease, text: string): Promise<Digest> {
  const bytes = Buffer.from(text)
  return stores.content.ingest({
    lease,
    expected: { digest: digestOf(bytes) },
    source: async function* () {
      yield bytes
    },
  })
}

async function commitLayer(
  stores: Stores,
  lease: Lease,
  layer: ReturnType<typeof testStack>[number],
) {
  const opened = await stores.snapshots.beginLayer(lease)
  writeFileSync(join(opened.directory, 'file'), 'x')
  await stores.snapshots.commitLayer(opened, layer)
}

test('opening again drops leases, half-made ingests and directories that no record names', async (t) => {
  const first = await openTestStores(t)
  const { root } = first
  const lease = await first.leases.open('never closed')
  const [layer] = testStack(1)
  assert.ok(layer)
  await commitLayer(first, lease, layer)
  await first.snapshots.beginLayer(lease)
  await first.snapshots.prepare(testKey('container'), layer.name)
  const digest = await ingest(first, lease, 'leased blob')
  writeFileSync(join(root, 'content/ingest/half'), 'x')
  const [ownBoot = ''] = readdirSync(join(root, 'content/resumable'))
  mkdirSync(join(root, 'content/resumable/another-boot'))
  writeFileSync(join(root, 'content/resumable/another-boot/half'), 'x')
  const resumable = join(root, 'content/resumable', ownBoot, 'half')
  writeFileSync(resumable, 'x')
  mkdirSync(join(root, 'snapshots/77/fs/sub'), { recursive: true })
  await first[Symbol.asyncDispose]()

  const second = await openTestStores(t, { root })
  assert.deepEqual(readdirSync(join(root, 'content/resumable')), [ownBoot])
  assert.ok(existsSync(resumable), 'it can be resumed until gc')
  assert.deepEqual([...second.snapshots.listActive()], ['container'])
  assert.ok(second.snapshots.has(layer.name))
  await second.gc.run()
  assert.equal(second.content.find(digest), undefined, 'its lease died with the first engine')
  assert.ok(second.snapshots.has(layer.name), 'the container stands on it')
  await second[Symbol.asyncDispose]()
  assert.deepEqual(readdirSync(join(root, 'content/ingest')), [])
  assert.ok(!existsSync(resumable))
  assert.deepEqual(readdirSync(join(root, 'snapshots')).toSorted(), ['1', '3'])
})

test('gc keeps what leases, roots and snapshots name, with all ancestors', async (t) => {
  const stores = await openTestStores(t)
  const layers = testStack(3)
  const lease = await stores.leases.open('test')
  for (const layer of layers) await commitLayer(stores, lease, layer)
  const kept = await ingest(stores, lease, 'kept by a root')
  await ingest(stores, lease, 'garbage')
  const roots = { content: [kept], snapshots: [layers[1]?.name as ChainId] }
  stores.gc.register({ content: () => roots.content, snapshots: () => roots.snapshots })
  assert.deepEqual(await stores.gc.run(), { blobsRemoved: 0, snapshotsRemoved: 0, freedBytes: 0 })
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(await stores.gc.run(), {
    blobsRemoved: 1,
    snapshotsRemoved: 1,
    freedBytes: 'garbage'.length + 1,
  })
  assert.deepEqual(
    layers.map(({ name }) => stores.snapshots.has(name)),
    [true, true, false],
  )
  roots.content = []
  roots.snapshots = []
  await stores.gc.run()
  assert.deepEqual([...stores.content.list()], [])
  assert.deepEqual([...stores.snapshots.listCommitted()], [])
})

test('an interrupted ingest that nobody continues is dropped by gc', async (t) => {
  const stores = await openTestStores(t)
  await using lease = await stores.leases.open('test')
  const source = async function* () {
    yield Buffer.alloc(600_000)
    throw new Error('connection lost')
  }
  const expected = { digest: digestOf('x') }
  await assert.rejects(stores.content.ingest({ lease, expected, source, resume: true }), /lost/)
  const resumables = join(stores.root, 'content/resumable')
  const files = () => readdirSync(resumables).flatMap((boot) => readdirSync(join(resumables, boot)))
  assert.equal(files().length, 1)
  await stores.gc.run()
  assert.deepEqual(files(), [])
})

/** A small generator of its own, so that a failing seed can be run again. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

test('random pulls beside gc never lose what they hold', async (t) => {
  const stores = await openTestStores(t)
  const records = new Map<string, { digest: Digest; name: ChainId }>()
  stores.gc.register({
    content: () => [...records.values()].map(({ digest }) => digest),
    snapshots: () => [...records.values()].map(({ name }) => name),
  })
  const pull = async (random: (below: number) => number) => {
    const image = random(4)
    const stack = testStack(3, `image ${image}`)
    await using lease = await stores.leases.open('pull')
    const digest = await ingest(stores, lease, `blob ${image}`)
    for (const layer of stack) {
      lease.keepSnapshot(layer.name)
      if (!stores.snapshots.has(layer.name)) await commitLayer(stores, lease, layer)
      if (random(3) === 0) await new Promise(setImmediate)
    }
    assert.ok(stores.content.find(digest), 'a leased blob is there')
    for (const { name } of stack) assert.ok(stores.snapshots.has(name), 'a leased layer is there')
    if (random(2) === 0) records.set(`image ${image}`, { digest, name: stack[2]?.name as ChainId })
    else records.delete(`image ${image}`)
  }
  const lane = async (seed: number) => {
    const random = seededRandom(seed)
    for (let round = 0; round < 25; round++) {
      if (random(3) === 0) await stores.gc.run()
      else await pull(random)
    }
  }
  await Promise.all([11, 222, 3333, 44_444].map(lane))
  for (const { digest, name } of records.values()) {
    assert.ok(stores.content.find(digest))
    assert.ok(stores.snapshots.has(name))
  }
  records.clear()
  await stores.gc.run()
  assert.deepEqual([...stores.snapshots.listCommitted()], [])
})
