import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import test from 'node:test'
import { abortable } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { startApi } from '#api/testing/test-api.ts'
import { fakeEngine, fakeId, fakeRecord } from '#api/testing/fake-engine.ts'

test('every response carries the common headers', async () => {
  await using api = await startApi(fakeEngine())
  for (const path of ['/_ping', '/nowhere', '/v1.99/_ping']) {
    const { headers } = await api.send('GET', path)
    assert.equal(headers['api-version'], '1.55')
    assert.equal(headers['docker-experimental'], 'false')
    assert.equal(headers['ostype'], 'linux')
    assert.equal(headers['server'], 'Docker/0.0.0-test (linux)')
  }
})

test('ping answers OK, and HEAD has an empty body of known length', async () => {
  await using api = await startApi(fakeEngine())
  const got = await api.send('GET', '/_ping')
  assert.deepEqual([got.status, got.text], [200, 'OK'])
  const head = await api.send('HEAD', '/_ping')
  assert.deepEqual([head.status, head.text], [200, ''])
  assert.equal(head.headers['content-length'], '0')
  assert.equal(head.headers['cache-control'], 'no-cache, no-store, must-revalidate')
  assert.equal(head.headers['swarm'], 'inactive')
})

test('a version outside the range is refused with the texts that clients know', async () => {
  await using api = await startApi(fakeEngine())
  const old = await api.send('GET', '/v1.23/containers/json')
  assert.equal(old.status, 400)
  assert.equal(
    old.text,
    '{"message":"client version 1.23 is too old. Minimum supported API version is 1.24, ' +
      'please upgrade your client to a newer version"}\n',
  )
  const young = await api.send('GET', '/v1.56/containers/json')
  assert.equal(young.status, 400)
  assert.match(young.text, /client version 1.56 is too new. Maximum supported API version is 1.55/)
})

test('every version in the range and no prefix answer', async () => {
  await using api = await startApi(fakeEngine())
  for (const prefix of ['', '/v1.24', '/v1.40', '/v1.55']) {
    const { status, text } = await api.send('GET', `${prefix}/containers/json`)
    assert.deepEqual([status, text], [200, '[]\n'])
  }
})

test('a wrong path and a wrong method are the same page not found', async () => {
  await using api = await startApi(fakeEngine())
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['PATCH', '/containers/json'],
    ['DELETE', '/containers/x/json'],
  ] as const) {
    const { status, text } = await api.send(method, path)
    assert.deepEqual([status, text], [404, '{"message":"page not found"}\n'])
  }
})

test('OPTIONS answers on any path', async () => {
  await using api = await startApi(fakeEngine())
  assert.equal((await api.send('OPTIONS', '/what/ever')).status, 200)
})

test('error kinds become statuses, and not_modified has no body', async () => {
  const kinds = { not_found: 404, conflict: 409, invalid_argument: 400, not_modified: 304 } as const
  for (const [kind, status] of Object.entries(kinds)) {
    const engine = fakeEngine({
      containers: {
        start: () => Promise.reject(new EngineError(kind as keyof typeof kinds, 'told why')),
      },
    })
    await using api = await startApi(engine)
    const reply = await api.send('POST', '/containers/x/start')
    assert.equal(reply.status, status)
    assert.equal(reply.text, status === 304 ? '' : '{"message":"told why"}\n')
  }
})

test('a failure that is no EngineError is a 500 with its message', async () => {
  const engine = fakeEngine({ containers: { kill: () => Promise.reject(new TypeError('oops')) } })
  await using api = await startApi(engine)
  const { status, text } = await api.send('POST', '/containers/x/kill')
  assert.deepEqual([status, text], [500, '{"message":"oops"}\n'])
})

test('a field of the wrong type is refused by name', async () => {
  await using api = await startApi(fakeEngine())
  const { status, text } = await api.send('POST', '/containers/create', {
    body: JSON.stringify({ Image: 'busybox', HostConfig: { Memory: 'much' } }),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(status, 400)
  assert.match(text, /HostConfig\.Memory/)
})

test('a body must be JSON by its header and in fact', async () => {
  await using api = await startApi(fakeEngine())
  const json = { 'content-type': 'application/json' }
  const cases = [
    [
      { body: '{}', headers: { 'content-type': 'text/plain' } },
      /unsupported Content-Type header \(text\/plain\): must be 'application\/json'/,
    ],
    [{ body: '{}' }, /malformed Content-Type header/],
    [{ body: '', headers: json }, /got EOF while reading request body/],
    [{ body: '{"Image":', headers: json }, /invalid JSON/],
    [{ body: '{} {}', headers: json }, /unexpected content after JSON/],
  ] as const
  for (const [options, message] of cases) {
    const { status, text } = await api.send('POST', '/containers/create', options)
    assert.equal(status, 400)
    assert.match(text, message)
  }
})

test('create passes name, platform and body on, and answers 201', async () => {
  const engine = fakeEngine({
    containers: {
      create: (asked) => {
        assert.equal(asked.name, 'web')
        assert.equal(asked.imageName, 'busybox')
        assert.deepEqual(asked.platform, { os: 'linux', architecture: 'arm64' })
        return Promise.resolve({ id: fakeId, warnings: [] })
      },
    },
  })
  await using api = await startApi(engine)
  const { status, text } = await api.send(
    'POST',
    '/v1.41/containers/create?name=web&platform=linux/arm64',
    {
      body: JSON.stringify({ image: 'busybox', Unknown: { deep: 1 }, Env: null }),
      headers: { 'content-type': 'application/json; charset=utf-8' },
    },
  )
  assert.deepEqual([status, text], [201, `{"Id":"${fakeId}","Warnings":[]}\n`])
})

test('start refuses a body that says something', async () => {
  await using api = await startApi(fakeEngine())
  const { status } = await api.send('POST', '/containers/x/start', {
    body: '{"Binds":["/:/host"]}',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(status, 400)
})

test('image names with slashes, tags and digests reach their handlers whole', async () => {
  const names: string[] = []
  const engine = fakeEngine({
    images: {
      history: (name) => {
        names.push(name)
        return []
      },
    },
  })
  await using api = await startApi(engine)
  await api.send('GET', '/images/registry.test:5000/team/app:v1/history')
  await api.send('GET', '/images/app%40sha256:abc/history')
  assert.deepEqual(names, ['registry.test:5000/team/app:v1', 'app@sha256:abc'])
})

test('wait sends its headers before the exit, and the code after it', async () => {
  const exit = Promise.withResolvers<{ code: number }>()
  const engine = fakeEngine({
    containers: { get: () => fakeRecord(), wait: () => exit.promise },
  })
  await using api = await startApi(engine)
  const response = await fetchHeaders(api.socketPath, '/containers/web/wait?condition=next-exit')
  assert.equal(response.statusCode, 200)
  exit.resolve({ code: 7 })
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(Buffer.from(chunk as Uint8Array))
  assert.equal(Buffer.concat(chunks).toString(), '{"StatusCode":7}\n')
})

test('wait refuses an unknown condition', async () => {
  await using api = await startApi(fakeEngine({ containers: { get: () => fakeRecord() } }))
  const { status } = await api.send('POST', '/containers/web/wait?condition=never')
  assert.equal(status, 400)
})

test('a client that leaves aborts the work of its request', async () => {
  const left = Promise.withResolvers<unknown>()
  const engine = fakeEngine({
    containers: {
      get: () => fakeRecord(),
      wait: (_ref, _condition, signal) => {
        left.resolve(once(signal, 'abort'))
        return abortable(new Promise(() => undefined), signal)
      },
    },
  })
  await using api = await startApi(engine)
  const response = await fetchHeaders(api.socketPath, '/containers/web/wait')
  response.destroy()
  await left.promise
})

test('close ends streams in flight', async () => {
  const subscribed = Promise.withResolvers<void>()
  const engine = fakeEngine({
    events: {
      subscribe: async function* (_range, signal) {
        yield* []
        subscribed.resolve()
        await once(signal, 'abort')
      },
    },
  })
  await using api = await startApi(engine)
  const reply = api.send('GET', '/events')
  await subscribed.promise
  await api.close()
  assert.equal((await reply).text, '')
})

async function fetchHeaders(socketPath: string, path: string) {
  const outgoing = request({ socketPath, path, method: 'POST', agent: false })
  outgoing.end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}
