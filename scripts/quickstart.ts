/**
 * `make quickstart`: an engine of its own, a real registry on loopback, one image pushed to it; then the
 * commands of a first session, each shown as it is run. Everything is taken down at the end.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { startDaemon } from '#bench/peers/daemon.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { run } from '#test/support/commands.ts'
import { projectRoot } from '#test/support/paths.ts'
import { startRegistry } from '#test/support/registry.ts'

const page = `<!doctype html>
<title>Gantry</title>
<p>Hello from a container.</p>
`

const bridge = 'gtquick0'

async function quickstart(root: string): Promise<void> {
  const host = `unix://${root}/gantry.sock`
  const port = await freePort(8080)
  const url = `http://127.0.0.1:${port}/`
  await using registry = await startRegistry()
  const image = await registry.push(await pageImage(), 'page', 'v1')
  say(`a registry with one image runs on ${registry.address}; the engine's folders are in ${root}`)
  const flags = [`--data-root=${root}/data`, `--exec-root=${root}/exec`, `--bridge=${bridge}`]
  show(['gantryd', `--host=${host}`, ...flags, '&'])
  const engine = await startDaemon({
    program: `${projectRoot}/dist/gantryd`,
    args: [`--host=${host}`, `--pidfile=${root}/pid`, ...flags],
    logPath: `${root}/log`,
    socketPath: `${root}/gantry.sock`,
  })
  process.env['DOCKER_HOST'] = host
  show(['export', `DOCKER_HOST=${host}`])
  try {
    await gantry('pull', image)
    await gantry('run', '-d', '--name', 'page', '-p', `${port}:80`, image)
    await gantry('ps')
    await command('curl', '-sSf', '--retry', '5', '--retry-connrefused', url)
    await gantry('exec', 'page', 'uname', '-sr')
    await gantry('stop', '-t', '1', 'page')
    await gantry('rm', 'page')
  } finally {
    await run(`${projectRoot}/dist/gantry`, ['rm', '-f', 'page'])
    await engine.end()
    await run('ip', ['link', 'delete', bridge])
  }
}

/** busybox with one page and its web server as the command. */
function pageImage() {
  return busyboxImage({
    layers: [
      [
        { path: 'www', type: 'directory' },
        { path: 'www/index.html', type: 'file', content: page },
      ],
    ],
    config: {
      Cmd: ['httpd', '-f', '-v', '-p', '80', '-h', '/www'],
      ExposedPorts: { '80/tcp': {} },
    },
  })
}

/** Runs dist/gantry and shows it as `gantry`. */
function gantry(...args: readonly string[]): Promise<void> {
  show(['gantry', ...args])
  return runShown(`${projectRoot}/dist/gantry`, args)
}

function command(program: string, ...args: readonly string[]): Promise<void> {
  show([program, ...args])
  return runShown(program, args)
}

async function runShown(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`"${program} ${args.join(' ')}" ended with ${code}`)
}

function show(words: readonly string[]): void {
  process.stdout.write(`\n$ ${words.join(' ')}\n`)
}

function say(text: string): void {
  process.stdout.write(`==> ${text}\n`)
}

/** `wanted` when nobody listens there, else one that the kernel picks. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', () =>
    wanted === 0 ? reject(new Error('no free port')) : resolve(freePort(0)),
  )
  server.listen(wanted, '0.0.0.0', () => {
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : wanted
    server.close(() => resolve(port))
  })
  return promise
}

if (process.getuid?.() !== 0) throw new Error('the engine needs root: run "sudo make quickstart"')
const root = mkdtempSync('/tmp/g-quick-')
try {
  await quickstart(root)
  say('the container, the engine and the registry are gone again')
  say(
    '"make install" puts gantry and gantryd under /usr/local; "gantry run …" starts the engine by itself',
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}
