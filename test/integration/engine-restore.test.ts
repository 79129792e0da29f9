import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import test, { type TestContext } from 'node:test'
import { now } from '#base/clock.ts'
import { until } from '#container/testing/until.ts'
import { sampleRequest } from '#container/testing/sample.ts'
import type { Engine } from '#engine/types.ts'
import { startEngineChild } from '#test/support/engine-child.ts'
import {
  collectFrames,
  logText,
  never,
  openTestEngine,
  type InProcessEngine,
} from '#test/support/in-process.ts'
import { mountsBelow, processesOf } from '#test/support/leaks.ts'

async function open(t: TestContext): Promise<InProcessEngine> {
  const shared = await openTestEngine()
  t.after(() => shared.close())
  return shared
}

function runningPid(engine: Engine, ref: string): number {
  const { state } = engine.containers.get(ref)
  assert.equal(state.status, 'running', inspect(state))
  return state.status === 'running' ? state.run.pid : 0
}

test('what ran goes on under a new engine: process, address, stdin, log, exec, exit', async (t) => {
  const shared = await open(t)
  await shared.release()
  const port = { protocol: 'tcp', containerPort: 80 } as const
  const child = await startEngineChild(shared.identity, {
    type: 'start',
    requests: [
      {
        name: 'echo',
        cmd: ['sh', '-c', 'while read line; do echo "got $line"; done; exit 6'],
        openStdin: true,
        host: { ports: [port] },
      },
    ],
  })
  await child.kill9()
  const engine = await shared.reopen()
  const pid = runningPid(engine, 'echo')
  assert.equal(existsSync(`/proc/${pid}`), true)
  const { state } = engine.containers.get('echo')
  const endpoint = state.status === 'running' ? state.run.endpoints[0] : undefined
  assert.equal(endpoint?.ports[0]?.containerPort, 80)
  const options = { stdin: true, stdout: true, stderr: true, logs: false, stream: true }
  await using stdio = await engine.containers.attach('echo', options)
  const output = collectFrames(stdio.output, false)
  await stdio.write(Buffer.from('a line\n'))
  await until(() => engine.containers.get('echo').state.status === 'running')
  const log = { stdout: true, stderr: false }
  await until(async () => (await logText(engine, 'echo', log)) === 'got a line\n')
  const exit = engine.containers.wait('echo', 'next-exit', never)
  await stdio.closeStdin()
  await engine.containers.stop('echo', { timeoutS: 0 })
  await exit
  assert.equal((await output).stdout, 'got a line\n')
})

test('what ended while no engine ran: its code and time are known, its policy applies', async (t) => {
  const gate = mkdtempSync('/tmp/gate-')
  t.after(() => rmSync(gate, { recursive: true, force: true }))
  const shared = await open(t)
  await shared.release()
  const script = 'until [ -e /gate/go ]; do sleep 0.01; done; echo last words; exit 42'
  const request = (name: string, host: Parameters<typeof sampleRequest>[0]) => ({
    name,
    cmd: ['sh', '-c', script],
    ...host,
    host: { binds: [`${gate}:/gate`], ...host?.host },
  })
  const child = await startEngineChild(shared.identity, {
    type: 'start',
    requests: [
      request('plain', {}),
      request('removed', { volumePaths: ['/v'], host: { isAutoRemove: true } }),
      request('again', {
        host: { restartPolicy: { name: 'on-failure', maximumRetryCount: 1 } },
      }),
    ],
  })
  await child.kill9()
  writeFileSync(join(gate, 'go'), '')
  await until(async () => conmons(shared).length === 0)
  const reopenedAt = now()
  const engine = await shared.reopen()
  const { state } = engine.containers.get('plain')
  assert.equal(state.status === 'exited' && state.last.code, 42)
  assert.ok(state.status === 'exited' && state.last.finishedAt < reopenedAt)
  assert.equal(
    await logText(engine, 'plain', { stdout: true, stderr: true }),
    'last words\n',
    'the log was kept without an engine',
  )
  assert.throws(() => engine.containers.get('removed'), { kind: 'not_found' })
  assert.deepEqual(engine.volumes.list(), [])
  await until(async () => engine.containers.get('again').state.status === 'exited')
  assert.equal(engine.containers.get('again').restartCount, 1)
})

/** The supervisors that live. */
function conmons({ identity }: InProcessEngine): readonly number[] {
  return processesOf(identity)
    .filter(({ title }) => title.includes('conmon '))
    .map(({ pid }) => pid)
}

test('killed at any moment, the next engine finds a consistent world', async (t) => {
  const shared = await open(t)
  const pauses = [1, 13, 40, 77, 120, 190]
  for (const pauseMs of pauses) {
    await shared.release()
    const child = await startEngineChild(shared.identity, { type: 'churn' })
    await delay(pauseMs)
    await child.kill9()
    const engine = await shared.reopen()
    checkConsistent(shared, engine)
    for (const { id } of engine.containers.list()) {
      await engine.containers.remove(id, { force: true, volumes: true })
    }
    assert.deepEqual(engine.volumes.list(), [], `killed after ${pauseMs} ms: no volume is left`)
    assert.deepEqual(mountsBelow(join(shared.identity.execRoot, 'rootfs')), [])
  }
})

function checkConsistent(shared: InProcessEngine, engine: Engine): void {
  const running = engine.containers.list().filter(({ state }) => state.status === 'running')
  for (const { id, state } of engine.containers.list()) {
    assert.ok(['created', 'running', 'exited'].includes(state.status), state.status)
    if (state.status === 'running') assert.ok(existsSync(`/proc/${runningPid(engine, id)}`))
  }
  const ids = new Set(running.map(({ id }) => id))
  const network = engine.networks.get('bridge')
  assert.deepEqual(new Set(engine.networks.endpoints(network.id).keys()), ids, 'endpoints')
  const rootfs = join(shared.identity.execRoot, 'rootfs')
  assert.deepEqual(
    new Set(mountsBelow(rootfs).map((path) => path.slice(rootfs.length + 1))),
    ids,
    'mounts',
  )
  assert.equal(conmons(shared).length, ids.size, 'supervisors')
}

test('a data root serves one engine at a time', async (t) => {
  const shared = await open(t)
  const { openEngine } = await import('#engine/open.ts')
  const { config, log } = shared.engine()
  await assert.rejects(openEngine(config, log), { kind: 'conflict' })
})

test('a damaged record does not keep the engine from starting', async (t) => {
  const shared = await open(t)
  const { containers } = shared.engine()
  const good = await containers.create(sampleRequest({ name: 'good' }))
  await containers.create(sampleRequest({ name: 'bad' }))
  await shared.release()
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(join(shared.identity.dataRoot, 'metadata.db'))
  db.prepare('UPDATE containers SET config = ? WHERE id <> ?').run('{', good.id)
  db.close()
  const engine = await shared.reopen()
  assert.deepEqual(
    engine.containers.list().map(({ name }) => name),
    ['good'],
  )
})

test('without live restore everything stops with the engine, and policies start it again', async (t) => {
  const shared = await open(t)
  const { containers } = await shared.reopen({ isLiveRestore: false })
  const sleep = ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.01; done']
  const plain = await containers.create(sampleRequest({ cmd: sleep }))
  const host = { restartPolicy: { name: 'unless-stopped' } } as const
  const kept = await containers.create(sampleRequest({ cmd: sleep, host }))
  for (const { id } of [plain, kept]) await containers.start(id)
  await shared.release()
  assert.deepEqual(conmons(shared), [])
  const engine = await shared.reopen()
  assert.equal(engine.containers.get(plain.id).state.status, 'exited')
  runningPid(engine, kept.id)
})
