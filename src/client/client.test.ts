import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { tmpdir } from 'node:os'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { openClient } from '#client/client.ts'
import { textOf } from '#client/requests.ts'

interface Fake {
  readonly server: Server
  readonly host: string
  readonly requests: string[]
  listen(): Promise<void>
}

/** A server on a unix socket that answers as the test says and keeps what was asked. */
function createFake(t: TestContext, answer: RequestListener): Fake {
  const directory = mkdtempSync(`${tmpdir()}/client-test-`)
  const path = `${directory}/engine.sock`
  const requests: string[] = []
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(directory, { recursive: true })
  })
  const listen = () => new Promise<void>((resolve) => server.listen(path, resolve))
  return { server, host: `unix://${path}`, requests, listen }
}

test('calls send what the API document says', async (t) => {
  const fake = createFake(t, (_request, response) => response.end('{"Id":"1","Warnings":[]}'))
  await fake.listen()
  using client = openClient({ host: fake.host, apiVersion: '1.47' })
  await client.containers.create({ Image: 'x' }, { name: 'a b' })
  await client.containers.list({ all: true, filters: { label: ['a=b'] } })
  await client.containers.stop('x/y', { timeoutS: 0, signal: 'INT' })
  await client.containers.remove('x', { force: false, volumes: true })
  await client.images.inspect('host:5000/a/b:1@sha256:00')
  assert.deepEqual(fake.requests, [
    'POST /v1.47/containers/create?name=a+b',
    'GET /v1.47/containers/json?all=1&filters=%7B%22label%22%3A%7B%22a%3Db%22%3Atrue%7D%7D',
    'POST /v1.47/containers/x%2Fy/stop?signal=INT&t=0',
    'DELETE /v1.47/containers/x?v=1',
    'GET /v1.47/images/host:5000/a/b:1@sha256:00/json',
  ])
})

test('refusals carry the message and the kind of their status', async (t) => {
  const statuses = [304, 400, 404, 409, 500, 503]
  const fake = createFake(t, (request, response) => {
    const status = Number(/containers\/(\d+)/.exec(request.url ?? '')?.[1])
    response.writeHead(status).end(status === 304 ? undefined : `{"message":"no ${status}"}\n`)
  })
  await fake.listen()
  using client = openClient({ host: fake.host })
  const kinds: unknown[] = []
  for (const status of statuses) {
    const refusal = client.containers.inspect(String(status))
    await refusal.catch((error: unknown) => kinds.push(Reflect.get(Object(error), 'kind')))
  }
  const expected = ['not_modified', 'invalid_argument', 'not_found', 'conflict', 'internal']
  assert.deepEqual(kinds, [...expected, 'unavailable'])
  await assert.rejects(client.containers.inspect('404'), { message: 'no 404' })
})

test('a hijacked connection carries bytes both ways and half-closes', async (t) => {
  const fake = createFake(t, () => undefined)
  fake.server.on('upgrade', (request, socket) => {
    fake.requests.push(`${request.method} ${request.url}`)
    const type = 'application/vnd.docker.multiplexed-stream'
    socket.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst;`,
    )
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
    // Only after the client's end: output goes on behind its half-close.
    socket.on('end', () => socket.end(`got ${received}`))
  })
  await fake.listen()
  using client = openClient({ host: fake.host })
  using hijack = await client.containers.attach('x', { stream: true, stdin: true })
  await hijack.write(Buffer.from('hello '))
  await hijack.write(Buffer.from('world'))
  hijack.closeStdin()
  assert.equal(await textOf(hijack.output), 'first;got hello world')
  assert.equal(hijack.isMultiplexed, true)
  assert.deepEqual(fake.requests, ['POST /containers/x/attach?stream=1&stdin=1'])
})

test('a refused hijack throws the refusal', async (t) => {
  const fake = createFake(t, (_request, response) => {
    response.writeHead(404).end('{"message":"No such container: x"}')
  })
  await fake.listen()
  using client = openClient({ host: fake.host })
  const message = 'No such container: x'
  await assert.rejects(client.containers.attach('x', {}), { kind: 'not_found', message })
})

test('wait resolves with the headers, and its exit with the body', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const fake = createFake(t, (_request, response) => {
    response.flushHeaders()
    void released.then(() => response.end('{"StatusCode":7}\n'))
  })
  await fake.listen()
  using client = openClient({ host: fake.host })
  const { exited } = await client.containers.wait('x', 'next-exit')
  release()
  assert.deepEqual(await exited, { StatusCode: 7 })
})

test('nobody there: the error says so, and a hook may start somebody', async (t) => {
  const fake = createFake(t, (_request, response) => response.end('[]'))
  using first = openClient({ host: fake.host })
  await assert.rejects(first.containers.list(), {
    kind: 'unavailable',
    errno: 'ENOENT',
    message: `Cannot connect to the Gantry daemon at ${fake.host}. Is the gantryd daemon running?`,
  })
  let asked = 0
  const whenUnreachable = async () => {
    asked++
    await fake.listen()
    return true
  }
  using second = openClient({ host: fake.host, whenUnreachable })
  assert.deepEqual(await second.containers.list(), [])
  assert.deepEqual(await second.containers.list(), [])
  assert.equal(asked, 1)
})

test('a body that is read once is not consumed before somebody listens', async (t) => {
  const fake = createFake(t, (request, response) => {
    if (request.method === 'HEAD') return response.end()
    request.pipe(response)
    return undefined
  })
  async function* archive() {
    yield Buffer.from('{"stream":')
    yield Buffer.from('"loaded"}')
  }
  const whenUnreachable = async () => {
    await fake.listen()
    return true
  }
  using client = openClient({ host: fake.host, whenUnreachable })
  const lines = await Array.fromAsync(await client.images.load(archive()))
  assert.deepEqual(lines, [{ stream: 'loaded' }])
  assert.deepEqual(fake.requests, ['HEAD /_ping', 'POST /images/load?quiet=0'])
})

test('an aborted call throws the reason', async (t) => {
  const fake = createFake(t, () => undefined)
  await fake.listen()
  using client = openClient({ host: fake.host })
  const abort = new AbortController()
  const waiting = client.containers.wait('x', 'next-exit', abort.signal)
  abort.abort()
  await assert.rejects(waiting, { kind: 'cancelled' })
})
