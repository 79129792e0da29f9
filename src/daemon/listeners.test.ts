import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { EngineError, type ErrorKind } from '#base/errors.ts'
import { silentLogger } from '#base/log.ts'
import type { EndpointConfig } from '#daemon/config.ts'
import { inheritedFds, parseEndpoint } from '#daemon/endpoint.ts'
import { openListeners } from '#daemon/listeners.ts'
import { createLogger } from '#daemon/log.ts'
import { writePidfile } from '#daemon/pidfile.ts'
import { findGroupId } from '#daemon/unix-socket.ts'

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-listen-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

function refused(kind: ErrorKind, message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof EngineError && error.kind === kind && message.test(error.message)
}

function open(config: Partial<EndpointConfig>, serve: (server: Server) => void = () => undefined) {
  return openListeners({
    config: {
      hosts: [],
      group: 'root',
      isGroupRequired: true,
      tls: undefined,
      allowInsecureTcp: false,
      minApiVersion: '1.24',
      ...config,
    },
    inherited: [],
    serverOptions: {},
    serve,
    log: silentLogger,
  })
}

test('addresses are read by scheme', () => {
  assert.deepEqual(parseEndpoint('unix:///a/b', 1), { type: 'unix', path: '/a/b' })
  assert.deepEqual(parseEndpoint('tcp://0.0.0.0:99', 1), { type: 'tcp', host: '0.0.0.0', port: 99 })
  assert.deepEqual(parseEndpoint('tcp://[::1]', 2376), { type: 'tcp', host: '::1', port: 2376 })
  assert.deepEqual(parseEndpoint('fd://', 1), { type: 'inherited', fd: undefined })
  for (const text of ['unix://a', 'tcp://a:b', 'tcp://h:99999', 'http://h', '/a', 'fd://x']) {
    assert.throws(() => parseEndpoint(text, 1), refused('invalid_argument', /^invalid host/))
  }
})

test('inherited descriptors are ours only when they name our process', () => {
  assert.deepEqual(inheritedFds({ LISTEN_PID: '7', LISTEN_FDS: '2' }, 7), [3, 4])
  assert.deepEqual(inheritedFds({ LISTEN_PID: '8', LISTEN_FDS: '2' }, 7), [])
  assert.deepEqual(inheritedFds({}, 7), [])
})

test('a unix socket is 0660 and goes with its listener', async (t) => {
  const path = join(scratch(t), 'deep', 'api.sock')
  const listeners = await open({ hosts: [`unix://${path}`] })
  assert.equal(statSync(path).mode & 0o777, 0o660)
  listeners.close()
  assert.equal(existsSync(path), false)
})

test('a stale socket file is replaced, a live one and a plain file are not', async (t) => {
  const directory = scratch(t)
  const stale = join(directory, 'stale.sock')
  const holder = createServer().listen(stale)
  await new Promise((resolve) => holder.once('listening', resolve))
  await assert.rejects(
    open({ hosts: [`unix://${stale}`] }),
    refused('conflict', /another engine listens there/),
  )
  holder.close()
  const file = join(directory, 'file')
  writeFileSync(file, 'precious')
  await assert.rejects(open({ hosts: [`unix://${file}`] }), refused('conflict', /is no socket/))
  assert.equal(readFileSync(file, 'utf8'), 'precious')
})

test('a failure closes the listeners before it', async (t) => {
  const directory = scratch(t)
  const path = join(directory, 'first.sock')
  const file = join(directory, 'file')
  writeFileSync(file, '')
  await assert.rejects(open({ hosts: [`unix://${path}`, `unix://${file}`] }))
  assert.equal(existsSync(path), false)
})

test('a group that the user named must exist', async (t) => {
  const path = join(scratch(t), 'api.sock')
  await assert.rejects(
    open({ hosts: [`unix://${path}`], group: 'no-such-group-x' }),
    refused(
      'not_found',
      /could not change group of .* to no-such-group-x: group no-such-group-x not found/,
    ),
  )
  const listeners = await open({
    hosts: [`unix://${path}`],
    group: 'no-such-group-x',
    isGroupRequired: false,
  })
  listeners.close()
})

test('tcp without client verification needs consent', async () => {
  const hosts = ['tcp://127.0.0.1:0']
  await assert.rejects(
    open({ hosts }),
    refused('failed_precondition', /clients would not be verified/),
  )
  const tls = { verifiesClients: false, caPath: '', certPath: '', keyPath: '' }
  await assert.rejects(
    open({ hosts, tls }),
    refused('failed_precondition', /would not be verified/),
  )
  const servers: Server[] = []
  const listeners = await open({ hosts, allowInsecureTcp: true }, (server) => servers.push(server))
  assert.equal(servers[0]?.listening, true)
  listeners.close()
})

test('a TLS file that cannot be read is named', async () => {
  const tls = { verifiesClients: true, caPath: '/ca', certPath: '/no/cert.pem', keyPath: '/key' }
  await assert.rejects(
    open({ hosts: ['tcp://127.0.0.1:0'], tls }),
    refused('invalid_argument', /could not read TLS file "\/no\/cert\.pem"/),
  )
})

test('fd:// without inherited sockets is refused', async () => {
  await assert.rejects(
    open({ hosts: ['fd://'] }),
    refused('failed_precondition', /no sockets found via socket activation/),
  )
})

test('a port in use names the address', async () => {
  const holder = createHttpServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => holder.once('listening', resolve))
  const address = holder.address()
  assert.ok(typeof address === 'object' && address !== null)
  const host = `tcp://127.0.0.1:${address.port.toString()}`
  await assert.rejects(
    open({ hosts: [host], allowInsecureTcp: true }),
    refused('conflict', new RegExp(`listen on ${host}`)),
  )
  holder.close()
})

test('groups are found by name and by number', (t) => {
  const file = join(scratch(t), 'group')
  writeFileSync(file, 'root:x:0:\ndocker:x:998:alice\n')
  assert.equal(findGroupId('docker', file), 998)
  assert.equal(findGroupId('123', file), 123)
  assert.equal(findGroupId('dock', file), undefined)
})

test('a pid file of a process that is no engine is taken over, and goes at the end', (t) => {
  const path = join(scratch(t), 'x', 'gantryd.pid')
  {
    using _ = writePidfile(path)
    assert.equal(readFileSync(path, 'utf8'), process.pid.toString())
  }
  assert.equal(existsSync(path), false)
  writeFileSync(path, '1')
  using _ = writePidfile(path)
  assert.equal(readFileSync(path, 'utf8'), process.pid.toString())
})

test('a pid file that somebody else took meanwhile stays', (t) => {
  const path = join(scratch(t), 'gantryd.pid')
  {
    using _ = writePidfile(path)
    writeFileSync(path, '1')
  }
  assert.equal(readFileSync(path, 'utf8'), '1')
})

test('log lines respect the level, which children share', () => {
  const lines: string[] = []
  const sink = { isHuman: false, write: (line: string) => void lines.push(line) }
  const log = createLogger(sink, 'info')
  const child = log.child({ container: 'x' })
  child.debug({}, 'hidden')
  child.warn({ bytes: 5n, err: new Error('no') }, 'shown')
  log.setLevel('debug')
  child.debug({}, 'now shown')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['shown', 'now shown'],
  )
  const { container, bytes, err } = JSON.parse(lines[0] ?? '')
  assert.deepEqual([container, bytes, err.message], ['x', '5', 'no'])
})
