import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { keepMountsPrivate, mountClassic, unmountSnapshot } from '#store/mounts.ts'
import type { Mount } from '#store/types.ts'
import { bindMount, mount, mountFlag, setPropagation, unmount } from '#sys/mount.ts'
import { mountContaining } from '#sys/mountinfo.ts'
import { testKey, testStack } from '#test/suites/snapshotter.ts'
import { openTestStores, testMounts } from '#test/support/stores.ts'
import { temporaryDirectory } from '#test/support/trees.ts'

/** An active snapshot over `count` layers with one file each. */
async function deepMount(t: TestContext, count: number): Promise<Mount> {
  const { snapshots, leases } = await openTestStores(t)
  await using lease = await leases.open('test')
  const layers = testStack(count)
  await Promise.all(
    layers.map(async (layer, index) => {
      const ingest = await snapshots.beginLayer(lease)
      writeFileSync(join(ingest.directory, `file${index}`), 'x')
      await snapshots.commitLayer(ingest, layer)
    }),
  )
  return await snapshots.prepare(testKey('deep'), layers.at(-1)?.name)
}

test('130 layers mount by descriptor and by mount(2)', async (t) => {
  const deep = await deepMount(t, 130)
  const mounts = testMounts(t)
  assert.equal(readdirSync(mounts.mount(deep)).length, 130)
  const target = temporaryDirectory(t, 'classic')
  assert.ok(deep.type === 'overlay')
  const readOnly = { type: 'overlay', lowerDirs: deep.lowerDirs } as const
  mountClassic(readOnly, target)
  try {
    assert.equal(readdirSync(target).length, 130)
  } finally {
    unmountSnapshot(target)
  }
})

test('unmounting what is not mounted, or not there, is no error', (t) => {
  const directory = temporaryDirectory(t, 'plain')
  unmountSnapshot(directory)
  unmountSnapshot(join(directory, 'missing'))
})

test('mounts below a shared mount stay out of its peers', (t) => {
  const base = temporaryDirectory(t, 'shared')
  const shared = join(base, 'shared')
  const peer = join(base, 'peer')
  const source = join(base, 'source')
  for (const directory of [shared, peer, source]) mkdirSync(directory)
  writeFileSync(join(source, 'inside'), 'x')
  mount({ type: 'tmpfs', target: shared })
  using undo = new DisposableStack()
  undo.defer(() => unmount(shared, { detach: true }))
  setPropagation(shared, 'shared')
  mount({ source: shared, target: peer, flags: mountFlag.bind })
  undo.defer(() => unmount(peer, { detach: true }))
  for (const name of ['open', 'private/root']) mkdirSync(join(shared, name), { recursive: true })
  bindMount(source, join(shared, 'open'))
  assert.deepEqual(readdirSync(join(peer, 'open')), ['inside'], 'a shared mount passes it on')
  keepMountsPrivate(join(shared, 'private'))
  keepMountsPrivate(join(shared, 'private'))
  bindMount(source, join(shared, 'private/root'))
  assert.deepEqual(readdirSync(join(shared, 'private/root')), ['inside'])
  assert.deepEqual(readdirSync(join(peer, 'private/root')), [])
  assert.equal(mountContaining(join(shared, 'private/root/x'))?.propagation, 'private')
})

test('a read-only bind cannot be written, its source can', (t) => {
  const source = temporaryDirectory(t, 'source')
  const target = temporaryDirectory(t, 'target')
  bindMount(source, target, { isReadOnly: true })
  try {
    assert.throws(() => writeFileSync(join(target, 'a'), 'x'), { code: 'EROFS' })
    writeFileSync(join(source, 'a'), 'x')
    assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'x')
  } finally {
    unmount(target)
  }
})
