/** gantryd as a process: start, refusals, reload, and the orderly end. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '#test/support/commands.ts'
import { startEngine } from '#test/support/engine.ts'
import { projectRoot } from '#test/support/paths.ts'

const main = join(projectRoot, 'src', 'daemon', 'main.ts')

function gantryd(...args: readonly string[]) {
  return run(process.execPath, [main, ...args], { timeoutMs: 20_000 })
}

test('version and help are printed without an engine', async () => {
  assert.match((await gantryd('--version')).stdout, /^Gantry version \d+\.\d+\.\d+\n$/)
  assert.match((await gantryd('--help')).stdout, /--default-address-pool list/)
})

test('what cannot be configured ends with 125 and one line', async () => {
  const { code, stderr, stdout } = await gantryd('--colour')
  assert.deepEqual([code, stdout, stderr], [125, '', 'gantryd: unknown flag: --colour\n'])
})

test('--validate says whether the configuration holds up', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-daemon-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'daemon.json')
  writeFileSync(file, '{"log-level": "debug"}')
  const good = await gantryd('--validate', '--config-file', file)
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, 'configuration OK\n', ''])
  writeFileSync(file, '{"log-levle": "debug"}')
  const bad = await gantryd('--validate', '--config-file', file)
  assert.equal(bad.code, 125)
  assert.match(bad.stderr, /don't match any configuration option: log-levle\n$/)
})

test('an open tcp address is refused before anything else listens', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-daemon-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const { code, stderr } = await gantryd(
    '--data-root',
    join(directory, 'data'),
    '--exec-root',
    join(directory, 'exec'),
    '--bridge',
    'none',
    '--host',
    `unix://${directory}/s`,
    '--host',
    'tcp://127.0.0.1:0',
  )
  assert.equal(code, 1)
  assert.match(stderr, /clients would not be verified[^]*--allow-insecure-tcp/)
  assert.equal(existsSync(join(directory, 's')), false)
  assert.equal(existsSync(join(directory, 'exec', 'gantryd.pid')), false)
})

test('a second engine with the same pid file is refused', async (t) => {
  const engine = await startEngine(t, { hasBusybox: false })
  const pidfile = join(engine.identity.root, 'gantry.pid')
  assert.equal(readFileSync(pidfile, 'utf8'), engine.pid().toString())
  const { code, stderr } = await gantryd('--pidfile', pidfile, '--host', 'unix:///nowhere/s')
  assert.equal(code, 75)
  assert.match(stderr, new RegExp(`process with PID ${engine.pid().toString()} is still running`))
})

test('SIGHUP reads the file again and tells it as an event', async (t) => {
  const engine = await startEngine(t, { hasBusybox: false })
  const events = await engine.client.system.events({ filters: { type: ['daemon'] } })
  process.kill(engine.pid(), 'SIGHUP')
  for await (const { Action } of events) {
    assert.equal(Action, 'reload')
    break
  }
  assert.match(engine.output(), /configuration reloaded/)
})

test('SIGTERM leaves containers running, and the next engine takes them back', async (t) => {
  const engine = await startEngine(t)
  const { containers } = engine.client
  const { Id } = await containers.create({ Image: 'busybox', Cmd: ['sleep', '1000'] })
  await containers.start(Id)
  const before = (await containers.inspect(Id)).State
  await engine.restart()
  const after = (await containers.inspect(Id)).State
  assert.deepEqual([after.Status, after.Pid], ['running', before.Pid])
})

test('a service manager is told when the engine is ready, and when it stops', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-notify-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const name of [join(directory, 'notify'), `@gantry-notify-${process.pid}`]) {
    const script = `import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1].replace('@', '\\0', 1))
print(manager.recv(100).decode(), manager.recv(100).decode())`
    const manager = run('python3', ['-c', script, name])
    const isBound = () => readFileSync('/proc/net/unix', 'utf8').includes(name)
    while (!isBound()) await new Promise((resolve) => setTimeout(resolve, 20))
    const stopsBelow = { after: () => undefined }
    const options = { env: { NOTIFY_SOCKET: name }, hasBusybox: false }
    await (await startEngine(stopsBelow, options)).stop()
    assert.equal((await manager).stdout, 'READY=1 STOPPING=1\n')
  }
})

test('SIGTERM ends open streams, the socket and the pid file', async (t) => {
  const engine = await startEngine(t, { hasBusybox: false })
  const pidfile = join(engine.identity.root, 'gantry.pid')
  const events = engine.docker(['events'])
  while (!engine.output().includes('/events'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  process.kill(engine.pid(), 'SIGTERM')
  assert.match((await events).stderr, /EOF|^$/)
  while (existsSync(pidfile)) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(existsSync(engine.socketPath), false)
  await engine.restart()
})

test('tcp with mutual TLS: a known client runs containers, an unknown one gets nothing', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-tls-'))
  t.after(() => rmSync(directory, { recursive: true }))
  await makeCertificates(directory)
  const port = 20_000 + (process.pid % 10_000)
  const host = `tcp://127.0.0.1:${port.toString()}`
  const engine = await startEngine(t, {
    args: [
      `--host=${host}`,
      '--tlsverify',
      `--tlscacert=${directory}/ca.pem`,
      `--tlscert=${directory}/cert.pem`,
      `--tlskey=${directory}/key.pem`,
    ],
  })
  const tls = { DOCKER_HOST: host, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: directory }
  const input = 'over TLS\n'.repeat(1000)
  const known = await engine.docker(['run', '-i', '--rm', 'busybox', 'cat'], { env: tls, input })
  assert.deepEqual([known.code, known.stderr], [0, ''])
  assert.equal(known.stdout, input)
  const unknown = await run('curl', ['-sk', `https://127.0.0.1:${port.toString()}/_ping`])
  assert.notEqual(unknown.code, 0)
  assert.equal(unknown.stdout, '')
})

/** A CA, and one certificate that serves the engine and its client. */
async function makeCertificates(directory: string): Promise<void> {
  const script = `
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=ca \
      -keyout ca-key.pem -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=node \
      -keyout key.pem -out node.csr
    printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' > ext
    openssl x509 -req -in node.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 \
      -extfile ext -out cert.pem`
  const { code, stderr } = await run('sh', ['-ec', script], { cwd: directory })
  assert.equal(code, 0, stderr)
}
