import assert from 'node:assert/strict'
import test from 'node:test'
import { until } from '#container/testing/until.ts'
import { sampleRequest } from '#container/testing/sample.ts'
import type { CreateExecRequest } from '#container/types.ts'
import { collectFrames, shareTestEngine } from '#test/support/in-process.ts'

const engine = shareTestEngine()

const plain: CreateExecRequest = {
  args: [],
  env: [],
  user: '',
  workingDir: '',
  isTty: false,
  attachStdin: false,
  attachStdout: true,
  attachStderr: true,
  isPrivileged: false,
}

async function runExec(ref: string, changes: Partial<CreateExecRequest>, input?: string) {
  const { containers } = engine()
  const request = { ...plain, ...changes, attachStdin: input !== undefined }
  const execId = await containers.createExec(ref, request)
  const stdio = await containers.startExec(execId, { isDetached: false, isTty: request.isTty })
  assert.ok(stdio)
  if (input !== undefined) {
    await stdio.write(Buffer.from(input))
    await stdio.closeStdin()
  }
  const output = await collectFrames(stdio.output, request.isTty)
  await until(() => containers.getExec(execId).state.status === 'exited')
  const { state } = containers.getExec(execId)
  await stdio[Symbol.asyncDispose]()
  return { execId, ...output, code: state.status === 'exited' ? state.code : undefined }
}

async function withContainer(work: (id: string) => Promise<void>): Promise<void> {
  const { containers } = engine()
  const { id } = await containers.create(
    sampleRequest({ cmd: ['sleep', '1000'], env: ['A=container', 'B=kept'], workingDir: '/tmp' }),
  )
  await containers.start(id)
  try {
    await work(id)
  } finally {
    await containers.remove(id, { force: true, volumes: true })
  }
}

test('an exec has its own code, streams, environment, directory and user', () =>
  withContainer(async (id) => {
    const script = 'echo $A $B $HOME; pwd; id -u; echo err >&2; exit 5'
    const outcome = await runExec(id, {
      args: ['sh', '-c', script],
      env: ['A=exec'],
      user: 'alice',
      workingDir: '/home',
    })
    assert.equal(outcome.stdout, 'exec kept /home/alice\n/home\n1000\n')
    assert.equal(outcome.stderr, 'err\n')
    assert.equal(outcome.code, 5)
    const inherited = await runExec(id, { args: ['pwd'] })
    assert.equal(inherited.stdout, '/tmp\n')
  }))

test('stdin reaches an exec and ends', () =>
  withContainer(async (id) => {
    const outcome = await runExec(id, { args: ['wc', '-c'] }, 'x'.repeat(100_000))
    assert.equal(outcome.stdout.trim(), '100000')
  }))

test('a terminal exec is raw', () =>
  withContainer(async (id) => {
    const outcome = await runExec(id, { args: ['sh', '-c', 'test -t 1 && echo tty'], isTty: true })
    assert.equal(outcome.stdout, 'tty\r\n')
  }))

test('what cannot be run gives 127 or 126, and an exec runs once', () =>
  withContainer(async (id) => {
    const { containers } = engine()
    for (const [program, code] of [
      ['nope', 127],
      ['/etc/passwd', 126],
    ] as const) {
      const execId = await containers.createExec(id, { ...plain, args: [program] })
      await assert.rejects(containers.startExec(execId, { isDetached: false, isTty: false }))
      const { state } = containers.getExec(execId)
      assert.equal(state.status === 'exited' && state.code, code)
    }
    const { execId } = await runExec(id, { args: ['true'] })
    await assert.rejects(containers.startExec(execId, { isDetached: false, isTty: false }), {
      kind: 'conflict',
      message: `Error: Exec command ${execId} has already run`,
    })
    assert.throws(() => containers.getExec('nope'), {
      kind: 'not_found',
      message: 'No such exec instance: nope',
    })
  }))

test('output that nobody has read yet outlives the exec', () =>
  withContainer(async (id) => {
    const { containers } = engine()
    for (const isTty of [true, false]) {
      const execId = await containers.createExec(id, { ...plain, args: ['seq', '2000'], isTty })
      const stdio = await containers.startExec(execId, { isDetached: false, isTty })
      assert.ok(stdio)
      await until(() => hasExited(execId))
      const { stdout } = await collectFrames(stdio.output, isTty)
      await stdio[Symbol.asyncDispose]()
      assert.equal(stdout.split(/\r?\n/).length, 2001)
    }
  }))

test('an exec runs on when its client leaves, with a terminal and without', () =>
  withContainer(async (id) => {
    const { containers } = engine()
    for (const isTty of [true, false]) {
      const script = `echo first; read go < /tmp/gate; seq 100000; echo second > /tmp/left-${isTty}`
      await runExec(id, { args: ['mkfifo', '/tmp/gate'] })
      const execId = await containers.createExec(id, {
        ...plain,
        args: ['sh', '-c', script],
        isTty,
      })
      const stdio = await containers.startExec(execId, { isDetached: false, isTty })
      assert.ok(stdio)
      for await (const _first of stdio.output) break
      await stdio[Symbol.asyncDispose]()
      await runExec(id, { args: ['sh', '-c', 'echo go > /tmp/gate; rm /tmp/gate'] })
      await until(() => hasExited(execId))
      const left = await runExec(id, { args: ['cat', `/tmp/left-${isTty}`] })
      assert.equal(left.stdout, 'second\n')
    }
  }))

test('a detached exec with a terminal ends without harm', () =>
  withContainer(async (id) => {
    const { containers } = engine()
    const execId = await containers.createExec(id, { ...plain, args: ['echo', 'hi'], isTty: true })
    assert.equal(await containers.startExec(execId, { isDetached: true, isTty: true }), undefined)
    await until(() => hasExited(execId))
    assert.equal((await runExec(id, { args: ['echo', 'on'] })).stdout, 'on\n')
  }))

function hasExited(execId: string): boolean {
  return engine().containers.getExec(execId).state.status === 'exited'
}

test('a detached exec runs on its own and its end is known', () =>
  withContainer(async (id) => {
    const { containers } = engine()
    const execId = await containers.createExec(id, {
      ...plain,
      args: ['sh', '-c', 'echo done > /tmp/mark; exit 4'],
    })
    const stdio = await containers.startExec(execId, { isDetached: true, isTty: false })
    assert.equal(stdio, undefined)
    await until(() => containers.getExec(execId).state.status === 'exited')
    const { state } = containers.getExec(execId)
    assert.equal(state.status === 'exited' && state.code, 4)
    assert.equal((await runExec(id, { args: ['cat', '/tmp/mark'] })).stdout, 'done\n')
    assert.ok(containers.details(id).execIds.includes(execId))
  }))

test('a container that does not run takes no exec', async () => {
  const { containers } = engine()
  const { id } = await containers.create(sampleRequest())
  await assert.rejects(containers.createExec(id, { ...plain, args: ['true'] }), {
    kind: 'conflict',
    message: `container ${id} is not running`,
  })
})

test('a health check tells when the container is well', async () => {
  const { containers, events } = engine()
  const seen = events.subscribe({}, AbortSignal.timeout(20_000))
  const { id } = await containers.create(
    sampleRequest({
      cmd: ['sh', '-c', 'touch /tmp/ok; sleep 1000'],
      healthcheck: { Test: ['CMD-SHELL', 'echo looking; test -e /tmp/ok'], Interval: 50e6 },
    }),
  )
  await containers.start(id)
  assert.equal(containers.details(id).health?.status, 'starting')
  for await (const { action, actorId } of seen) {
    if (actorId === id && action === 'health_status: healthy') break
  }
  const { health } = containers.details(id)
  assert.equal(health?.status, 'healthy')
  assert.match(health?.log.at(-1)?.output ?? '', /^looking\s*$/)
  await containers.kill(id)
  assert.equal(containers.details(id).health?.status, 'unhealthy', 'what does not run is not well')
  await containers.remove(id, { force: true, volumes: true })
})
