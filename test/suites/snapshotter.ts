import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { errorKind } from '#base/errors.ts'
import { chainIds, digestOf, type ChainId, type DiffId } from '#oci/digest.ts'
import type { Leases, Mount, SnapshotKey, Snapshotter } from '#store/types.ts'

export interface SnapshotSubject {
  readonly snapshots: Snapshotter
  readonly leases: Leases
  /** Mounts at a directory of the test; undone at its end. */
  mount(mount: Mount): string
  unmount(target: string): void
}

type Open = (t: TestContext) => Promise<SnapshotSubject>

/** DiffIDs and chainIDs of a stack with `count` layers. */
export function testStack(count: number, name = 'layer') {
  const diffIds = Array.from({ length: count }, (_, i) => digestOf(`${name} ${i}`) as DiffId)
  const chain = chainIds(diffIds)
  return diffIds.map((diffId, index) => ({
    name: chain[index] as ChainId,
    ...(index === 0 ? {} : { parent: chain[index - 1] as ChainId }),
    diffId,
    sizeBytes: 1,
  }))
}

export function testKey(name: string): SnapshotKey {
  return name as SnapshotKey
}

/** Commits a stack whose layer i holds `file<i>` and its own version of `shared`. */
async function commitStack(subject: SnapshotSubject, count: number): Promise<ChainId> {
  await using lease = await subject.leases.open('test')
  const layers = testStack(count)
  for (const [index, layer] of layers.entries()) {
    const ingest = await subject.snapshots.beginLayer(lease)
    writeFileSync(join(ingest.directory, `file${index}`), String(index))
    writeFileSync(join(ingest.directory, 'shared'), String(index))
    await subject.snapshots.commitLayer(ingest, layer)
  }
  return layers.at(-1)?.name as ChainId
}

function rejectsWith(work: Promise<unknown>, kind: string): Promise<void> {
  return assert.rejects(work, (error) => errorKind(error) === kind)
}

/** What every snapshotter does; `open` gives an empty one that ends with the test. */
export function snapshotterSuite(name: string, open: Open): void {
  layerTests(name, open)
  activeTests(name, open)
  lifeTests(name, open)
}

function layerTests(name: string, open: Open): void {
  test(`${name}: layers are committed over their parents, whatever the order they come in`, async (t) => {
    const { snapshots, leases } = await open(t)
    await using lease = await leases.open('test')
    const layers = testStack(3)
    const ingests = await Promise.all(layers.map(() => snapshots.beginLayer(lease)))
    const commits = layers.map((layer, index) => {
      const ingest = ingests[index]
      assert.ok(ingest)
      return snapshots.commitLayer(ingest, layer)
    })
    await Promise.all(commits)
    assert.deepEqual(
      [...snapshots.listCommitted()].map(({ name: id }) => id).toSorted(),
      layers.map(({ name: id }) => id).toSorted(),
    )
  })

  test(`${name}: a layer without its parent is refused and its directory dropped`, async (t) => {
    const { snapshots, leases } = await open(t)
    await using lease = await leases.open('test')
    const ingest = await snapshots.beginLayer(lease)
    const orphan = testStack(2)[1]
    assert.ok(orphan)
    await rejectsWith(snapshots.commitLayer(ingest, orphan), 'not_found')
    assert.equal(existsSync(ingest.directory), false)
    assert.equal(snapshots.has(orphan.name), false)
  })

  test(`${name}: the same layer twice is one layer, and the later directory is dropped`, async (t) => {
    const { snapshots, leases } = await open(t)
    await using lease = await leases.open('test')
    const [layer] = testStack(1)
    assert.ok(layer)
    const ingests = await Promise.all([1, 2, 3].map(() => snapshots.beginLayer(lease)))
    await Promise.all(ingests.map((ingest) => snapshots.commitLayer(ingest, layer)))
    assert.equal(ingests.filter(({ directory }) => existsSync(directory)).length, 1)
    assert.equal([...snapshots.listCommitted()].length, 1)
  })

  test(`${name}: an aborted layer leaves nothing`, async (t) => {
    const { snapshots, leases } = await open(t)
    await using lease = await leases.open('test')
    const ingest = await snapshots.beginLayer(lease)
    mkdirSync(join(ingest.directory, 'sub'))
    writeFileSync(join(ingest.directory, 'sub/file'), 'x')
    await snapshots.abortLayer(ingest)
    assert.equal(existsSync(ingest.directory), false)
  })
}

function activeTests(name: string, open: Open): void {
  test(`${name}: an active snapshot shows its layers and keeps writes to itself`, async (t) => {
    const subject = await open(t)
    const { snapshots } = subject
    const top = await commitStack(subject, 3)
    const one = subject.mount(await snapshots.prepare(testKey('one'), top))
    const two = subject.mount(await snapshots.prepare(testKey('two'), top))
    assert.deepEqual(readdirSync(one).toSorted(), ['file0', 'file1', 'file2', 'shared'])
    assert.equal(readFileSync(join(one, 'shared'), 'utf8'), '2')
    writeFileSync(join(one, 'shared'), 'mine')
    rmSync(join(one, 'file0'))
    assert.equal(readFileSync(join(two, 'shared'), 'utf8'), '2')
    assert.ok(existsSync(join(two, 'file0')))
    assert.deepEqual(snapshots.find(testKey('one')), { parent: top })
    assert.ok(existsSync(join(snapshots.upperDirectory(testKey('one')), 'shared')))
    const usage = await snapshots.usage(testKey('one'))
    assert.deepEqual(usage, { sizeBytes: 4, inodes: 3 })
  })

  test(`${name}: writes survive unmounting and mounting again`, async (t) => {
    const subject = await open(t)
    const top = await commitStack(subject, 2)
    for (const isVolatile of [false, true]) {
      const key = testKey(`volatile ${isVolatile}`)
      const first = subject.mount(await subject.snapshots.prepare(key, top, { isVolatile }))
      writeFileSync(join(first, 'written'), 'yes')
      subject.unmount(first)
      const second = subject.mount(subject.snapshots.mount(key))
      assert.equal(readFileSync(join(second, 'written'), 'utf8'), 'yes')
    }
  })

  test(`${name}: a snapshot over nothing is empty and writable`, async (t) => {
    const subject = await open(t)
    const target = subject.mount(await subject.snapshots.prepare(testKey('scratch'), undefined))
    assert.deepEqual(readdirSync(target), [])
    writeFileSync(join(target, 'a'), 'x')
    assert.deepEqual(subject.snapshots.find(testKey('scratch')), {})
  })

  for (const count of [1, 3]) {
    test(`${name}: a view of ${count} layers cannot be written`, async (t) => {
      const subject = await open(t)
      const top = await commitStack(subject, count)
      const target = subject.mount(await subject.snapshots.view(testKey('view'), top))
      assert.equal(readFileSync(join(target, 'shared'), 'utf8'), String(count - 1))
      assert.throws(() => writeFileSync(join(target, 'new'), 'x'), { code: 'EROFS' })
    })
  }

  test(`${name}: keys are unique and parents must exist`, async (t) => {
    const subject = await open(t)
    const top = await commitStack(subject, 1)
    const { snapshots } = subject
    await snapshots.prepare(testKey('a'), top)
    await rejectsWith(snapshots.prepare(testKey('a'), top), 'already_exists')
    await rejectsWith(snapshots.view(testKey('a'), top), 'already_exists')
    const unknown = testStack(1, 'unknown')[0]
    assert.ok(unknown)
    await rejectsWith(snapshots.prepare(testKey('b'), unknown.name), 'not_found')
    assert.throws(
      () => snapshots.mount(testKey('b')),
      (error) => errorKind(error) === 'not_found',
    )
    assert.equal(snapshots.find(testKey('b')), undefined)
  })
}

function lifeTests(name: string, open: Open): void {
  test(`${name}: a layer in use cannot be removed; afterwards it can`, async (t) => {
    const subject = await open(t)
    const { snapshots } = subject
    const top = await commitStack(subject, 2)
    const [bottom] = testStack(1)
    assert.ok(bottom)
    await snapshots.prepare(testKey('a'), top)
    await rejectsWith(snapshots.removeCommitted(top), 'conflict')
    await rejectsWith(snapshots.removeCommitted(bottom.name), 'conflict')
    const upper = snapshots.upperDirectory(testKey('a'))
    await snapshots.remove(testKey('a'))
    assert.equal(existsSync(upper), false)
    await rejectsWith(snapshots.remove(testKey('a')), 'not_found')
    await snapshots.removeCommitted(top)
    await snapshots.removeCommitted(bottom.name)
    assert.deepEqual([...snapshots.listCommitted()], [])
    await rejectsWith(snapshots.removeCommitted(top), 'not_found')
  })

  test(`${name}: a committed active snapshot becomes a layer for others`, async (t) => {
    const subject = await open(t)
    const { snapshots } = subject
    const base = await commitStack(subject, 1)
    const target = subject.mount(await snapshots.prepare(testKey('build'), base))
    writeFileSync(join(target, 'built'), 'yes')
    rmSync(join(target, 'file0'))
    subject.unmount(target)
    const layer = testStack(1, 'built')[0]
    assert.ok(layer)
    await snapshots.commit(testKey('build'), { ...layer, parent: base })
    assert.equal(snapshots.find(testKey('build')), undefined)
    const next = subject.mount(await snapshots.prepare(testKey('next'), layer.name))
    assert.deepEqual(readdirSync(next).toSorted(), ['built', 'shared'])
  })

  test(`${name}: a view cannot be committed`, async (t) => {
    const subject = await open(t)
    const base = await commitStack(subject, 1)
    await subject.snapshots.view(testKey('view'), base)
    const layer = testStack(1, 'x')[0]
    assert.ok(layer)
    await rejectsWith(subject.snapshots.commit(testKey('view'), layer), 'failed_precondition')
  })
}
