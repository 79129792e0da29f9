import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { EngineError } from '#base/errors.ts'
import { fakeWorld, type FakeWorld, type FaultName } from '#container/testing/fakes.ts'
import { until } from '#container/testing/until.ts'
import type { ContainerService } from '#container/open.ts'
import { sampleRequest } from '#container/testing/sample.ts'

async function open(t: TestContext): Promise<{ world: FakeWorld; containers: ContainerService }> {
  const world = await fakeWorld(t)
  return { world, containers: await world.open() }
}

function actions(world: FakeWorld): string[] {
  return world.events.map(({ action }) => action)
}

const never = new AbortController().signal

test('a run from create to remove, with its events in order', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest({ name: 'web', labels: { a: 'b' } }))
  assert.equal(containers.get('web').state.status, 'created')
  await containers.start('web')
  assert.equal(containers.get(id).state.status, 'running')
  const exit = containers.wait(id, 'next-exit', never)
  world.tasks.get(id)?.exit(7)
  assert.deepEqual(await exit, { code: 7 })
  const { state } = containers.get(id)
  assert.equal(state.status === 'exited' && state.last.code, 7)
  assert.deepEqual(await containers.wait(id, 'not-running', never), { code: 7 })
  await containers.remove(id, { force: false, volumes: false })
  assert.deepEqual(actions(world), ['create', 'start', 'die', 'destroy'])
  const die = world.events[2]
  assert.deepEqual(die?.attributes, {
    a: 'b',
    image: 'busybox',
    name: 'web',
    execDuration: '0',
    exitCode: '7',
  })
  assert.throws(() => containers.get(id), { message: `No such container: ${id}` })
  assertNothingHeld(world)
  assert.equal(existsSync(join(world.root, 'containers', id)), false)
  assert.equal(world.snapshots.size, 0)
})

function assertNothingHeld(world: FakeWorld): void {
  assert.deepEqual([...world.tasks.keys()], [], 'tasks')
  assert.deepEqual([...world.mounted], [], 'mounts')
  assert.deepEqual([...world.sandboxes], [], 'sandboxes')
}

test('an image of another platform is as good as none', async (t) => {
  const { world, containers } = await open(t)
  const wanted = { ...sampleRequest(), platform: { os: 'linux', architecture: 's390x' } }
  await assert.rejects(containers.create(wanted), {
    kind: 'not_found',
    message:
      'image with reference busybox was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)',
  })
  const same = { ...sampleRequest(), platform: { os: 'linux', architecture: 'amd64' } }
  const { id } = await containers.create(same)
  await containers.remove(id, { force: false, volumes: false })
  assertNothingHeld(world)
})

test('starting twice, stopping twice and removing a running one are refused', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest({ name: 'web' }))
  await containers.start(id)
  await assert.rejects(containers.start(id), { kind: 'not_modified' })
  await assert.rejects(containers.remove(id, { force: false, volumes: false }), {
    kind: 'conflict',
    message:
      'cannot remove container "/web": container is running: ' +
      'stop the container before removing or force remove',
  })
  world.tasks.get(id)?.exit(0)
  await until(() => containers.get(id).state.status === 'exited')
  await assert.rejects(containers.stop(id), { kind: 'not_modified' })
  await assert.rejects(containers.kill('web'), {
    kind: 'conflict',
    message: `cannot kill container: web: container ${id} is not running`,
  })
})

test('a create that fails leaves no name, no snapshot, no directory and no volume', async (t) => {
  const { world, containers } = await open(t)
  world.faults.set('prepare', new EngineError('resource_exhausted', 'disk is full'))
  const request = sampleRequest({ name: 'web', volumePaths: ['/data'] })
  await assert.rejects(containers.create(request), { message: 'disk is full' })
  world.faults.clear()
  assert.deepEqual(containers.list(), [])
  assert.deepEqual(world.deps.volumes.list(), [])
  assert.deepEqual(world.db.all('SELECT id FROM containers'), [])
  await containers.create(request)
})

test('two creates of one name: one wins, the other is told who', async (t) => {
  const { containers } = await open(t)
  const outcomes = await Promise.allSettled([
    containers.create(sampleRequest({ name: 'web' })),
    containers.create(sampleRequest({ name: 'web' })),
  ])
  const refused = outcomes.find((outcome) => outcome.status === 'rejected')
  assert.match(String(refused?.reason), /The container name "\/web" is already in use/)
  assert.equal(containers.list().length, 1)
})

const failures: readonly FaultName[] = ['mount', 'sandbox', 'connect', 'create', 'start']
for (const fault of failures) {
  test(`a start whose ${fault} fails undoes everything and is recorded`, async (t) => {
    const { world, containers } = await open(t)
    const { id } = await containers.create(sampleRequest())
    const stdio = await containers.attach(id, {
      stdin: true,
      stdout: true,
      stderr: true,
      logs: false,
      stream: true,
    })
    const text = 'exec: "nope": executable file not found in $PATH'
    world.faults.set(fault, new EngineError('invalid_argument', text))
    await assert.rejects(containers.start(id), { message: text })
    assertNothingHeld(world)
    assert.deepEqual(containers.get(id).state, {
      status: 'created',
      failure: { code: 127, message: text },
    })
    for await (const _chunk of stdio.output) {
      if (fault !== 'start') assert.fail('an attachment to a start that failed must end')
    }
    world.faults.clear()
    await containers.start(id)
    assert.equal(containers.get(id).state.status, 'running')
  })
}

test('attachments made before the start are complete before the process runs', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest())
  const options = { stdin: false, stdout: true, stderr: true, logs: false, stream: true }
  const [first, second] = [
    await containers.attach(id, options),
    await containers.attach(id, options),
  ]
  await using gone = await containers.attach(id, options)
  await gone[Symbol.asyncDispose]()
  await containers.start(id)
  assert.deepEqual(world.tasks.get(id)?.log, ['attach', 'attach', 'start'])
  for (const stdio of [first, second]) {
    const chunks = []
    for await (const chunk of stdio.output) chunks.push(Buffer.from(chunk).toString())
    assert.match(chunks.join(''), /^output of/)
  }
})

test('the end of a run is told when its output is taken, and held up by nobody for long', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest())
  await containers.start(id)
  world.outputGates.set(id, Promise.withResolvers<void>().promise)
  const exit = containers.wait(id, 'next-exit', never)
  world.tasks.get(id)?.exit(3)
  await until(() => world.sandboxes.size === 0 && world.mounted.size === 0)
  assert.equal(containers.get(id).state.status, 'running')
  assert.deepEqual(actions(world), ['create', 'start'])
  assert.deepEqual(world.scheduler.pending, [2000])
  world.scheduler.fire()
  assert.deepEqual(await exit, { code: 3 })

  const taken = Promise.withResolvers<void>()
  world.outputGates.set(id, taken.promise)
  await containers.start(id)
  world.tasks.get(id)?.exit(4)
  await until(() => world.sandboxes.size === 0)
  taken.resolve()
  assert.deepEqual(await containers.wait(id, 'not-running', never), { code: 4 })
  assert.deepEqual(world.scheduler.pending, [])
})

test('stop asks, waits for the time-out, then kills; the policy holds still', async (t) => {
  const { world, containers } = await open(t)
  const host = { restartPolicy: { name: 'always' } } as const
  const { id } = await containers.create(sampleRequest({ host, stopSignal: 'SIGINT' }))
  await containers.start(id)
  const stopping = containers.stop(id, { timeoutS: 3 })
  await until(() => world.scheduler.pending.length === 1)
  assert.deepEqual(world.scheduler.pending, [3000])
  assert.deepEqual(world.tasks.get(id)?.log, ['start', 'kill 2'])
  world.scheduler.fire()
  await stopping
  assert.equal(containers.get(id).state.status, 'exited')
  assert.deepEqual(world.scheduler.pending, [])
  const kills = world.events.filter(({ action }) => action === 'kill')
  assert.deepEqual(
    kills.map(({ attributes }) => attributes['signal']),
    ['2', '9'],
  )
  assert.equal(actions(world).at(-1), 'stop')
})

test('on-failure starts again with growing delays until its tries are used up', async (t) => {
  const { world, containers } = await open(t)
  const host = { restartPolicy: { name: 'on-failure', maximumRetryCount: 2 } } as const
  const { id } = await containers.create(sampleRequest({ host }))
  await containers.start(id)
  for (const delayMs of [100, 200]) {
    world.tasks.get(id)?.exit(1)
    await until(() => containers.get(id).state.status === 'restarting')
    assert.deepEqual(world.scheduler.pending, [delayMs])
    world.scheduler.fire()
    await until(() => containers.get(id).state.status === 'running')
  }
  world.tasks.get(id)?.exit(1)
  await until(() => containers.get(id).state.status === 'exited')
  assert.equal(containers.get(id).restartCount, 2)
})

test('a container between two runs can be stopped and removed', async (t) => {
  const { world, containers } = await open(t)
  const host = { restartPolicy: { name: 'always' } } as const
  const { id } = await containers.create(sampleRequest({ host }))
  await containers.start(id)
  world.tasks.get(id)?.exit(0)
  await until(() => containers.get(id).state.status === 'restarting')
  await containers.stop(id)
  assert.deepEqual(world.scheduler.pending, [])
  assert.equal(containers.get(id).state.status, 'exited')
  await containers.remove(id, { force: false, volumes: false })
})

test('--rm removes the container and its anonymous volumes, and settles who waits for it', async (t) => {
  const { world, containers } = await open(t)
  const request = sampleRequest({
    volumePaths: ['/data'],
    host: { isAutoRemove: true, binds: ['kept:/kept'] },
  })
  const { id } = await containers.create(request)
  const removed = containers.wait(id, 'removed', never)
  await containers.start(id)
  world.tasks.get(id)?.exit(3)
  assert.deepEqual(await removed, { code: 3 })
  assert.deepEqual(containers.list(), [])
  assert.deepEqual(
    world.deps.volumes.list().map(({ name }) => name),
    ['kept'],
  )
})

test('force removal kills; a --rm container that goes by itself is no failure', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest({ host: { isAutoRemove: true } }))
  await containers.start(id)
  await containers.remove(id, { force: true, volumes: false })
  assert.deepEqual(containers.list(), [])
  assertNothingHeld(world)
})

test('a removal that fails leaves a dead container, which can be removed later', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest())
  world.faults.set('snapshot', new EngineError('conflict', 'device is busy'))
  await assert.rejects(containers.remove(id, { force: false, volumes: false }), {
    message: /device is busy/,
  })
  assert.equal(containers.get(id).state.status, 'dead')
  world.faults.clear()
  await containers.remove(id, { force: false, volumes: false })
  assert.deepEqual(containers.list(), [])
})

test('a stuck container delays nobody else', async (t) => {
  const { world, containers } = await open(t)
  const stuck = await containers.create(sampleRequest({ name: 'stuck' }))
  await containers.start(stuck.id)
  const gate = Promise.withResolvers<void>()
  world.removeGates.set(stuck.id, gate.promise)
  world.tasks.get(stuck.id)?.exit(0)
  const other = await containers.create(sampleRequest({ name: 'other' }))
  await containers.start(other.id)
  assert.equal(containers.get('stuck').state.status, 'running', 'its end is not handled yet')
  assert.equal(containers.list().length, 2)
  gate.resolve()
  await until(() => containers.get('stuck').state.status === 'exited')
})

test('restart by the user keeps a --rm container', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest({ host: { isAutoRemove: true } }))
  await containers.start(id)
  const restarting = containers.restart(id, { timeoutS: 1 })
  await until(() => world.scheduler.pending.length === 1)
  world.scheduler.fire()
  await restarting
  assert.equal(containers.get(id).state.status, 'running')
  assert.equal(actions(world).at(-1), 'restart')
})

test('pause freezes, exec and attach are refused meanwhile, kill ends it', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest())
  await containers.start(id)
  await containers.pause(id)
  assert.equal(containers.get(id).state.status, 'paused')
  await assert.rejects(containers.pause(id), { message: `Container ${id} is already paused` })
  const request = {
    args: ['true'],
    env: [],
    user: '',
    workingDir: '',
    isTty: false,
    attachStdin: false,
    attachStdout: true,
    attachStderr: true,
    isPrivileged: false,
  }
  await assert.rejects(containers.createExec(id, request), {
    message: `Container ${id} is paused, unpause the container before exec`,
  })
  await containers.kill(id)
  assert.equal(containers.get(id).state.status, 'exited')
  assert.ok(world.events.some(({ action }) => action === 'kill'))
})

test('rename moves the name and tells the old one', async (t) => {
  const { world, containers } = await open(t)
  const { id } = await containers.create(sampleRequest({ name: 'old' }))
  await containers.create(sampleRequest({ name: 'taken' }))
  await assert.rejects(containers.rename(id, 'taken'), { kind: 'conflict' })
  await containers.rename('old', 'new')
  assert.equal(containers.get('new').id, id)
  assert.throws(() => containers.get('old'), { kind: 'not_found' })
  assert.equal(world.events.at(-1)?.attributes['oldName'], '/old')
})
