import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import type { ExecRecord } from '#container/types.ts'
import { startApi } from '#api/testing/test-api.ts'
import {
  fakeEngine,
  fakeId,
  fakeRecord,
  fakeSpec,
  type FakeStdio,
  fakeStdio,
} from '#api/testing/fake-engine.ts'
import { encodeStdcopyFrame } from '#wire/stdcopy.ts'

const out = encodeStdcopyFrame('stdout', Buffer.from('to out'))
const err = encodeStdcopyFrame('stderr', Buffer.from('to err'))
const both = '?stream=1&stdin=1&stdout=1&stderr=1'

function attachEngine(stdio: FakeStdio, isTty = false) {
  const record = fakeRecord({ spec: { ...fakeSpec, isTty } })
  return fakeEngine({
    containers: { get: () => record, attach: () => Promise.resolve(stdio) },
  })
}

function post(path: string, headers: string, body = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: d\r\n${headers}\r\n${body}`
}

function latin1(...parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('latin1')
}

function split(text: string): { head: string; body: string } {
  const mark = text.indexOf('\r\n\r\n')
  return { head: text.slice(0, mark), body: text.slice(mark + 4) }
}

const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n'

test('attach with Upgrade answers 101 UPGRADED and carries both directions', async () => {
  const stdinEnd = Promise.withResolvers<void>()
  const stdio = fakeStdio([out, err], stdinEnd.promise)
  void stdio.stdinClosed.then(stdinEnd.resolve)
  await using api = await startApi(attachEngine(stdio))
  const request = post(`/containers/web/attach${both}`, `${upgrade}Content-Length: 0\r\n`)
  const { head, body } = split(await api.raw([`${request}early`, ' late'], { closes: true }))
  assert.match(head, /^HTTP\/1\.1 101 UPGRADED\r\n/)
  assert.match(head, /\r\nConnection: Upgrade\r\nUpgrade: tcp/)
  assert.match(head, /\r\nContent-Type: application\/vnd\.docker\.multiplexed-stream/)
  assert.match(head, /\r\nApi-Version: 1\.55/)
  assert.equal(body, latin1(out, err))
  assert.equal(latin1(...stdio.received), 'early late')
})

test('before 1.42 and with a terminal the upgraded stream is a raw one', async () => {
  for (const [prefix, isTty] of [
    ['/v1.41', false],
    ['', true],
  ] as const) {
    await using api = await startApi(attachEngine(fakeStdio([out]), isTty))
    const answer = await api.raw([post(`${prefix}/containers/web/attach${both}`, upgrade)])
    assert.match(answer, /Content-Type: application\/vnd\.docker\.raw-stream/)
  }
})

test('attach without Upgrade is a 200 raw stream with neither length nor chunks', async () => {
  const stdinEnd = Promise.withResolvers<void>()
  const stdio = fakeStdio([out], stdinEnd.promise)
  void stdio.stdinClosed.then(stdinEnd.resolve)
  await using api = await startApi(attachEngine(stdio))
  const request = post(`/containers/web/attach${both}`, 'Content-Length: 0\r\n')
  const { head, body } = split(await api.raw([request, 'typed', ' more'], { closes: true }))
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(head, /Content-Type: application\/vnd\.docker\.raw-stream/)
  assert.doesNotMatch(head, /Content-Length|Transfer-Encoding/i)
  assert.equal(body, latin1(out))
  assert.equal(latin1(...stdio.received), 'typed more')
})

test('without Upgrade, bytes in the packet of the request belong to stdin', async () => {
  const stdinEnd = Promise.withResolvers<void>()
  const stdio = fakeStdio([], stdinEnd.promise)
  void stdio.stdinClosed.then(stdinEnd.resolve)
  await using api = await startApi(attachEngine(stdio))
  const request = post(`/containers/web/attach${both}`, 'Content-Length: 0\r\n')
  const { head } = split(await api.raw([`${request}\u0000binary`, ' more'], { closes: true }))
  assert.match(head, /^HTTP\/1\.1 200 OK/)
  assert.equal(latin1(...stdio.received), '\u0000binary more')
})

test('a chunked body is stdin while the answer already flows', async () => {
  const stdinEnd = Promise.withResolvers<void>()
  const stdio = fakeStdio([out], stdinEnd.promise)
  void stdio.stdinClosed.then(stdinEnd.resolve)
  await using api = await startApi(attachEngine(stdio))
  const request = post(`/containers/web/attach${both}`, 'Transfer-Encoding: chunked\r\n')
  const answer = await api.raw([request, '5\r\nhello\r\n', '0\r\n\r\n'])
  assert.equal(split(answer).body, latin1(out))
  assert.equal(latin1(...stdio.received), 'hello')
})

test('the detach keys end a terminal session and are told as an event', async () => {
  const stdio = fakeStdio([Buffer.from('$ ')], new Promise(() => undefined))
  const engine = attachEngine(stdio, true)
  await using api = await startApi(engine)
  const request = post(`/containers/web/attach${both}`, upgrade)
  const answer = await api.raw([request, 'ls\u0010', '\u0011ignored'])
  assert.equal(split(answer).body, '$ ')
  assert.equal(latin1(...stdio.received), 'ls')
  assert.deepEqual(engine.published, [
    {
      type: 'container',
      action: 'detach',
      actorId: fakeId,
      attributes: { image: 'busybox', name: 'web', team: 'a' },
    },
  ])
})

test('an attachment whose client left before it was made is given back', async () => {
  for (const kind of [upgrade, 'Content-Length: 0\r\n']) {
    const stdio = fakeStdio([out], new Promise(() => undefined))
    const attaching = Promise.withResolvers<void>()
    const disposed = Promise.withResolvers<void>()
    const engine = fakeEngine({
      containers: {
        get: () => fakeRecord(),
        attach: async () => {
          attaching.resolve()
          await clientGone.promise
          return { ...stdio, [Symbol.asyncDispose]: async () => disposed.resolve() }
        },
      },
    })
    const clientGone = Promise.withResolvers<void>()
    await using api = await startApi(engine)
    const client = connect(api.socketPath)
    client.write(post(`/containers/web/attach${both}`, kind))
    await attaching.promise
    client.destroy()
    await once(client, 'close')
    // By the time it answers another connection, the server has seen the end of this one.
    await api.send('GET', '/_ping')
    clientGone.resolve()
    await disposed.promise
  }
})

test('a refused upgrade gets an ordinary error and the end of the connection', async () => {
  const engine = fakeEngine({
    containers: {
      get: () => {
        throw new EngineError('not_found', 'No such container: web')
      },
    },
  })
  await using api = await startApi(engine)
  const { head, body } = split(await api.raw([post(`/containers/web/attach${both}`, upgrade)]))
  assert.match(head, /^HTTP\/1\.1 404 Not Found\r\n/)
  assert.match(head, /Connection: close/)
  assert.equal(body, '{"message":"No such container: web"}\n')
})

const exec: ExecRecord = {
  id: 'e1',
  containerId: fakeId,
  request: {
    args: ['cat'],
    env: [],
    user: '',
    workingDir: '',
    isTty: false,
    attachStdin: true,
    attachStdout: true,
    attachStderr: true,
    isPrivileged: false,
  },
  state: { status: 'created' },
}

test('exec start reads its JSON first; what follows is stdin', async () => {
  for (const kind of [upgrade, '']) {
    const stdinEnd = Promise.withResolvers<void>()
    const stdio = fakeStdio([out], stdinEnd.promise)
    void stdio.stdinClosed.then(stdinEnd.resolve)
    const engine = fakeEngine({
      containers: {
        getExec: () => exec,
        startExec: (_id, options) => {
          assert.deepEqual(options, { isDetached: false, isTty: false })
          return Promise.resolve(stdio)
        },
      },
    })
    await using api = await startApi(engine)
    const json = '{"Detach":false,"Tty":false}'
    const headers = `${kind}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n`
    const request = post('/exec/e1/start', headers, json)
    const { head, body } = split(await api.raw([`${request}data`, ' more'], { closes: true }))
    assert.match(head, kind === '' ? /^HTTP\/1\.1 200 OK/ : /^HTTP\/1\.1 101 UPGRADED/)
    assert.equal(body, latin1(out))
    assert.equal(latin1(...stdio.received), 'data more')
  }
})

test('a detached exec answers 200 without a stream', async () => {
  const engine = fakeEngine({ containers: { startExec: () => Promise.resolve(undefined) } })
  await using api = await startApi(engine)
  const { status, text } = await api.send('POST', '/exec/e1/start', {
    body: '{"Detach":true}',
    headers: { 'content-type': 'application/json' },
  })
  assert.deepEqual([status, text], [200, ''])
})

test('a program that cannot start is told about inside the exec stream', async () => {
  let state: ExecRecord['state'] = { status: 'created' }
  const engine = fakeEngine({
    containers: {
      getExec: () => ({ ...exec, state }),
      startExec: async () => {
        state = { status: 'starting' }
        await new Promise(setImmediate)
        state = { status: 'exited', code: 127 }
        throw new EngineError('invalid_argument', 'executable file not found')
      },
    },
  })
  await using api = await startApi(engine)
  const json = '{}'
  const headers = `${upgrade}Content-Type: application/json\r\nContent-Length: 2\r\n`
  const { head, body } = split(await api.raw([post('/exec/e1/start', headers, json)]))
  assert.match(head, /^HTTP\/1\.1 101/)
  const text = Buffer.from('executable file not found\r\n')
  assert.equal(body, latin1(encodeStdcopyFrame('stdout', text)))
})
