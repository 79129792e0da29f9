import assert from 'node:assert/strict'
import test from 'node:test'
import { sampleRequest } from '#container/testing/sample.ts'
import type { EngineEvent } from '#engine/types.ts'
import { collectFrames, never, runContainer, shareTestEngine } from '#test/support/in-process.ts'

const engine = shareTestEngine()

/** Actions on one container, up to and with the `count`th of the kind that is waited for. */
async function actionsUntil(
  events: AsyncIterable<EngineEvent>,
  actorId: () => string,
  last: { readonly action: string; readonly count: number },
): Promise<string[]> {
  const seen: string[] = []
  for await (const event of events) {
    if (event.type !== 'container' || event.actorId !== actorId()) continue
    seen.push(event.action)
    if (seen.filter((action) => action === last.action).length === last.count) break
  }
  return seen
}

test('on-failure runs again until its tries are used up, and events tell of each', async () => {
  const { containers, events } = engine()
  let id = ''
  const stream = events.subscribe({}, AbortSignal.timeout(30_000))
  const host = { restartPolicy: { name: 'on-failure', maximumRetryCount: 2 } } as const
  ;({ id } = await containers.create(sampleRequest({ cmd: ['sh', '-c', 'exit 3'], host })))
  const seen = actionsUntil(stream, () => id, { action: 'die', count: 3 })
  await containers.start(id)
  assert.deepEqual(await seen, ['create', 'start', 'die', 'start', 'die', 'start', 'die'])
  const { state, restartCount } = containers.get(id)
  assert.equal(state.status === 'exited' && state.last.code, 3)
  assert.equal(restartCount, 2)
})

test('always comes back after a crash and stays down after a stop', async () => {
  const { containers, events } = engine()
  const host = { restartPolicy: { name: 'always' } } as const
  const { id } = await containers.create(sampleRequest({ cmd: ['sleep', '1000'], host }))
  const stream = events.subscribe({}, AbortSignal.timeout(30_000))
  const seen = actionsUntil(stream, () => id, { action: 'start', count: 2 })
  await containers.start(id)
  const { state } = containers.get(id)
  process.kill(state.status === 'running' ? state.run.pid : 0, 'SIGKILL')
  assert.deepEqual(await seen, ['start', 'die', 'start'])
  await containers.stop(id, { timeoutS: 0 })
  assert.equal(containers.get(id).state.status, 'exited')
  assert.equal(containers.get(id).isStoppedByUser, true)
})

test('everything that happens to a container and its volumes is told, in order', async () => {
  const { containers, events } = engine()
  const leave = new AbortController()
  const stream = events.subscribe({}, leave.signal)
  const request = sampleRequest({
    name: 'told',
    cmd: ['sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'],
    isTty: true,
    stopSignal: 'KILL',
    host: { binds: ['told-data:/data'], networkMode: { type: 'none' } },
  })
  const { id } = await containers.create(request)
  await containers.start(id)
  await containers.resize(id, { rows: 10, columns: 20 })
  await containers.top(id, [])
  await containers.pause(id)
  await containers.unpause(id)
  await containers.rename(id, 'retold')
  await containers.restart(id)
  await containers.stop(id)
  await containers.remove(id, { force: false, volumes: false })
  await engine().volumes.remove('told-data', [])
  const seen: string[] = []
  for await (const { type, action, attributes } of stream) {
    const details = ['destination', 'height', 'exitCode', 'oldName', 'signal']
    const words = details.flatMap((name) => attributes[name] ?? [])
    seen.push([type === 'container' ? '' : `${type} `, action, ...words].join(' ').trim())
    if (type === 'volume' && action === 'destroy') break
  }
  leave.abort()
  const run = ['volume  mount /data', 'start']
  const end = ['kill 9', 'die 137', 'volume  unmount', 'stop']
  assert.deepEqual(seen, [
    'volume  create',
    'create',
    ...run,
    'resize 10',
    'top',
    'pause',
    'unpause',
    'rename /told',
    ...end,
    ...run,
    'restart',
    ...end,
    'destroy',
    'volume  destroy',
  ])
})

test('no exit slips past a wait, however short the run', async () => {
  const { containers } = engine()
  for (let round = 0; round < 10; round++) {
    const { id } = await containers.create(
      sampleRequest({ cmd: ['sh', '-c', `exit ${round}`], host: { isAutoRemove: true } }),
    )
    const waits = Promise.all([
      containers.wait(id, 'next-exit', never),
      containers.wait(id, 'removed', never),
    ])
    await containers.start(id)
    const late = containers.list().some((record) => record.id === id)
      ? containers.wait(id, 'removed', never)
      : Promise.resolve({ code: round })
    const codes = [...(await waits), await late].map(({ code }) => code)
    assert.deepEqual(codes, [round, round, round])
  }
})

test('a start that fails for a taken port gives everything back and can be repeated', async () => {
  const { containers } = engine()
  const port = { protocol: 'tcp', containerPort: 80, hostAddress: '127.0.0.1' } as const
  const first = await containers.create(
    sampleRequest({ cmd: ['sleep', '1000'], host: { ports: [port] } }),
  )
  await containers.start(first.id)
  const { state } = containers.get(first.id)
  const taken = state.status === 'running' ? state.run.endpoints[0]?.ports[0]?.hostPort : undefined
  assert.ok(taken)
  const hostPort = { first: taken, last: taken }
  const second = await containers.create(
    sampleRequest({ cmd: ['true'], host: { ports: [{ ...port, hostPort }] } }),
  )
  await assert.rejects(containers.start(second.id), {
    message: new RegExp(`Bind for 127\\.0\\.0\\.1:${taken} failed: port is already allocated`),
  })
  const network = engine().networks.get('bridge')
  assert.deepEqual([...engine().networks.endpoints(network.id).keys()], [first.id])
  await containers.remove(first.id, { force: true, volumes: true })
  const exit = containers.wait(second.id, 'next-exit', never)
  await containers.start(second.id)
  assert.deepEqual(await exit, { code: 0 })
})

test('a container can run again and again, and remembers its files', async () => {
  const { containers } = engine()
  const { id, stdout } = await runContainer(engine(), {
    cmd: ['sh', '-c', 'echo run >> /runs; wc -l < /runs'],
  })
  assert.equal(stdout, '1\n')
  for (const expected of ['2\n', '3\n']) {
    await using stdio = await containers.attach(id, {
      stdin: false,
      stdout: true,
      stderr: true,
      logs: false,
      stream: true,
    })
    const output = collectFrames(stdio.output, false)
    const exit = containers.wait(id, 'next-exit', never)
    await containers.start(id)
    assert.deepEqual(await exit, { code: 0 })
    assert.equal((await output).stdout, expected)
  }
})

test('many at once, and none stands in the way of another', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      runContainer(engine(), {
        cmd: ['sh', '-c', `echo ${index}; exit ${index}`],
        host: { isAutoRemove: true },
      }),
    ),
  )
  assert.deepEqual(
    outcomes.map(({ code, stdout }) => `${code} ${stdout.trim()}`),
    outcomes.map((_, index) => `${index} ${index}`),
  )
})
