import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'node:test'
import type { ContainersDeps } from '#container/context.ts'
import { fakeWorld, type FakeWorld } from '#container/testing/fakes.ts'
import { openContainers, type ContainerService } from '#container/open.ts'
import { sampleRequest } from '#container/testing/sample.ts'

/**
 * An engine that dies at its `at`th call to the world below: just before the call
 * takes effect, or just after. From then on nothing that it calls happens or returns.
 */
interface Crash {
  readonly at: number
  readonly isAfterEffect: boolean
}

interface Life {
  readonly ended: Promise<void>
  /** Passes a call on while the engine lives. */
  call<T>(effect: () => Promise<T>): Promise<T>
}

function createLife({ at, isAfterEffect }: Crash): Life {
  const { promise, resolve } = Promise.withResolvers<void>()
  let calls = 0
  const die = () => {
    resolve()
    return new Promise<never>(() => undefined)
  }
  return {
    ended: promise,
    call: async (effect) => {
      calls++
      if (calls > at || (calls === at && !isAfterEffect)) return die()
      const value = await effect()
      return calls >= at ? die() : value
    },
  }
}

/** `part` with its methods of these names at the mercy of the engine's life. */
function mortal<T extends object>(part: T, life: Life, names: readonly (keyof T)[]): T {
  return new Proxy(part, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || !names.some((each) => each === name)) return member
      return (...args: unknown[]) => life.call(async () => member.apply(target, args) as unknown)
    },
  })
}

function mortalDeps(deps: ContainersDeps, life: Life): ContainersDeps {
  const runtime: ContainersDeps['runtime'] = {
    ...deps.runtime,
    create: async (options) => {
      const task = await life.call(() => deps.runtime.create(options))
      return mortal(task, life, ['start', 'remove', 'kill'])
    },
  }
  return {
    ...deps,
    runtime,
    snapshots: mortal(deps.snapshots, life, ['prepare', 'remove']),
    networks: mortal(deps.networks, life, ['createSandbox', 'connect', 'removeSandbox']),
    rootfs: mortal(deps.rootfs, life, ['mount', 'unmount']),
    volumes: mortal(deps.volumes, life, ['create', 'remove', 'populate', 'attach']),
  }
}

type Ending = 'exit' | 'exit --rm' | 'force'

/** One container from create to remove. */
async function live(world: FakeWorld, containers: ContainerService, ending: Ending): Promise<void> {
  const isAutoRemove = ending === 'exit --rm'
  const { id } = await containers.create(
    sampleRequest({ name: 'web', volumePaths: ['/data'], host: { isAutoRemove } }),
  )
  await containers.start(id)
  if (ending === 'force') return containers.remove(id, { force: true, volumes: true })
  const condition = isAutoRemove ? 'removed' : 'next-exit'
  const exit = containers.wait(id, condition, new AbortController().signal)
  world.tasks.get(id)?.exit(3)
  await exit
  if (!isAutoRemove) await containers.remove(id, { force: false, volumes: true })
}

/** What the engine does after a crash; the networks' own restore is one line here. */
async function takeOver(world: FakeWorld): Promise<ContainerService> {
  const second = await world.open()
  const adopted = await second.adopt()
  for (const id of world.sandboxes) {
    if (!adopted.runningIds.has(id)) world.sandboxes.delete(id)
  }
  await second.recover(adopted, new Map())
  return second
}

/** Everything that exists belongs to a record, and to a running one if it is part of a run. */
function checkWorld(world: FakeWorld, containers: ContainerService): void {
  const records = containers.list()
  for (const { state } of records) {
    assert.ok(['created', 'running', 'exited'].includes(state.status), state.status)
    if (state.status === 'exited') assert.notEqual(state.last.code, 255, 'the code is lost')
  }
  const ids = records.map(({ id }) => id)
  const running = records.filter(({ state }) => state.status === 'running').map(({ id }) => id)
  assert.deepEqual([...world.tasks.keys()], running, 'tasks')
  assert.deepEqual([...world.sandboxes], running, 'sandboxes')
  assert.deepEqual(
    [...world.mounted].map((path) => basename(path)),
    running,
    'mounts',
  )
  assert.deepEqual([...world.snapshots.keys()], ids, 'snapshots')
  assert.deepEqual(readdirSync(join(world.root, 'containers')), ids, 'directories')
  const used = records.flatMap(({ mounts }) =>
    mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : [])),
  )
  assert.deepEqual(
    world.deps.volumes.list().map(({ name }) => name),
    used,
    'volumes',
  )
}

for (const ending of ['exit', 'exit --rm', 'force'] as const) {
  for (const isAfterEffect of [false, true]) {
    const when = isAfterEffect ? 'after' : 'before'
    test(`killed ${when} any call of a life that ends by ${ending}: nothing is lost or left`, async (t) => {
      let at = 1
      for (; ; at++) {
        const world = await fakeWorld(t)
        const life = createLife({ at, isAfterEffect })
        const first = await openContainers(mortalDeps(world.deps, life))
        const outcome = await Promise.race([
          live(world, first, ending).then(() => 'lived'),
          life.ended.then(() => 'died'),
        ])
        first.close()
        const second = await takeOver(world)
        checkWorld(world, second)
        for (const { id } of second.list()) await second.remove(id, { force: true, volumes: true })
        checkWorld(world, second)
        if (outcome === 'lived') break
      }
      assert.ok(at > 10, `a life has more calls than ${at}`)
    })
  }
}
