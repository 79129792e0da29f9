import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fakeWorld, type FakeWorld } from '#container/testing/fakes.ts'
import { until } from '#container/testing/until.ts'
import { type ContainerService, openContainers } from '#container/open.ts'
import { sampleRequest } from '#container/testing/sample.ts'

/** A second engine on what the first left behind; the first never hears of anything again. */
async function takeOver(world: FakeWorld, first: ContainerService): Promise<ContainerService> {
  first.close()
  const second = await world.open()
  const adopted = await second.adopt()
  await second.recover(adopted, new Map())
  await second.startPolicied()
  return second
}

test('what runs goes on running, and its exit is heard', async (t) => {
  const world = await fakeWorld(t)
  const first = await world.open()
  const { id } = await first.create(sampleRequest({ name: 'web' }))
  await first.start(id)
  const pid = world.tasks.get(id)?.pid
  const second = await takeOver(world, first)
  const { state } = second.get('web')
  assert.equal(state.status === 'running' && state.run.pid, pid)
  assert.equal(world.mounted.size, 1)
  const exit = second.wait(id, 'next-exit', new AbortController().signal)
  world.tasks.get(id)?.exit(9)
  assert.deepEqual(await exit, { code: 9 })
})

test('what ended meanwhile is known with its code, and its policy applies', async (t) => {
  const world = await fakeWorld(t)
  const first = await world.open()
  const plain = await first.create(sampleRequest({ name: 'plain' }))
  const policy = { name: 'on-failure', maximumRetryCount: 0 } as const
  const again = await first.create(sampleRequest({ host: { restartPolicy: policy } }))
  const gone = await first.create(sampleRequest({ host: { isAutoRemove: true } }))
  for (const { id } of [plain, again, gone]) await first.start(id)
  first.close()
  for (const { id } of [plain, again, gone]) world.tasks.get(id)?.exit(42)
  const second = await takeOver(world, first)
  const { state } = second.get('plain')
  assert.equal(state.status === 'exited' && state.last.code, 42)
  assert.equal(second.get(again.id).state.status, 'restarting')
  world.scheduler.fire()
  await until(() => second.get(again.id).state.status === 'running')
  assert.throws(() => second.get(gone.id), { kind: 'not_found' })
})

test('what a policy starts during the sweep is no stray', async (t) => {
  const world = await fakeWorld(t)
  const first = await world.open()
  const host = { restartPolicy: { name: 'always' } } as const
  const { id } = await first.create(sampleRequest({ host }))
  await first.start(id)
  first.close()
  world.tasks.get(id)?.exit(1)
  const removed: string[] = []
  const runtime = {
    ...world.deps.runtime,
    listIds: async () => {
      world.scheduler.fire()
      return [id]
    },
    removeStray: async (stray: string) => void removed.push(stray),
  }
  const second = await openContainers({ ...world.deps, runtime })
  await second.recover(await second.adopt(), new Map())
  await until(() => second.get(id).state.status === 'running')
  assert.deepEqual(removed, [])
})

test('a task that vanished with the machine ends with 255 and starts by its policy', async (t) => {
  const world = await fakeWorld(t)
  const first = await world.open()
  const plain = await first.create(sampleRequest())
  const always = await first.create(sampleRequest({ host: { restartPolicy: { name: 'always' } } }))
  for (const { id } of [plain, always]) await first.start(id)
  world.tasks.clear()
  const second = await takeOver(world, first)
  const { state } = second.get(plain.id)
  assert.equal(state.status === 'exited' && state.last.code, 255)
  assert.equal(second.get(always.id).state.status, 'restarting')
})

test('at boot `unless-stopped` respects the user, `always` does not', async (t) => {
  const world = await fakeWorld(t)
  const first = await world.open()
  const ids: string[] = []
  for (const name of ['always', 'unless-stopped'] as const) {
    const { id } = await first.create(sampleRequest({ name, host: { restartPolicy: { name } } }))
    await first.start(id)
    const stopping = first.stop(id, { timeoutS: 0 })
    await until(() => world.scheduler.pending.length === 1)
    world.scheduler.fire()
    await stopping
    ids.push(id)
  }
  const second = await takeOver(world, first)
  assert.deepEqual(
    ids.map((id) => second.get(id).state.status),
    ['running', 'exited'],
  )
})

test('a removal cut short is finished, with its volumes', async (t) => {
  const world = await fakeWorld(t)
  const first = await world.open()
  const { id } = await first.create(sampleRequest({ volumePaths: ['/data'] }))
  const state = { status: 'removing', removesVolumes: true } as const
  world.db.run(
    'UPDATE containers SET state = ? WHERE id = ?',
    JSON.stringify({ state, restartCount: 0, isStoppedByUser: false }),
    id,
  )
  const second = await takeOver(world, first)
  assert.deepEqual(second.list(), [])
  assert.deepEqual(world.deps.volumes.list(), [])
  assert.equal(world.snapshots.size, 0)
})

test('strays of every kind are swept, and nothing of a quarantined container', async (t) => {
  const world = await fakeWorld(t)
  const first = await world.open()
  const kept = await first.create(sampleRequest({ name: 'kept' }))
  const damaged = await first.create(sampleRequest({ name: 'damaged' }))
  await first.start(damaged.id)
  world.db.run('UPDATE containers SET state = ? WHERE id = ?', 'garbage', damaged.id)
  const stray = 'f'.repeat(64)
  world.snapshots.set(stray, undefined)
  world.snapshots.set('build-cache', undefined)
  world.mounted.add(join(world.deps.execRoot, 'rootfs', stray))
  mkdirSync(join(world.root, 'containers', stray))
  const second = await takeOver(world, first)
  assert.deepEqual(
    second.list().map(({ name }) => name),
    ['kept'],
  )
  assert.deepEqual(new Set(world.snapshots.keys()), new Set([kept.id, damaged.id, 'build-cache']))
  assert.equal(existsSync(join(world.root, 'containers', stray)), false)
  assert.equal(existsSync(join(world.root, 'containers', damaged.id)), true)
  assert.equal(world.tasks.has(damaged.id), true)
  assert.deepEqual([...world.mounted], [join(world.deps.execRoot, 'rootfs', damaged.id)])
})
