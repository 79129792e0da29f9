/**
 * `make quickstart`: an engine of its own, a Debian base from the package mirror, the example application
 * built on it; then the commands of a first session, each shown as it is run. Everything is taken down at the end.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { startDaemon } from '#bench/peers/daemon.ts'
import { run } from '#test/support/commands.ts'
import { projectRoot } from '#test/support/paths.ts'

const bridge = 'gtquick0'

async function quickstart(root: string): Promise<void> {
  const host = `unix://${root}/gantry.sock`
  const port = await freePort(8080)
  const url = `http://127.0.0.1:${port}/`
  say(`the engine's folders are in ${root}`)
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
    await gantry('image', 'bootstrap', 'debian:bookworm')
    await gantry('build', '-t', 'web', 'examples/web')
    await gantry('run', '-d', '--name', 'web', '-p', `${port}:80`, 'web')
    await gantry('ps')
    await command('curl', '-sf', '--retry', '10', '--retry-all-errors', url)
    await gantry('exec', 'web', 'python3', '--version')
    await gantry('stop', 'web')
    await gantry('rm', 'web')
  } finally {
    await run(`${projectRoot}/dist/gantry`, ['rm', '-f', 'web'])
    await engine.end()
    await run('ip', ['link', 'delete', bridge])
  }
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
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: projectRoot,
  })
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
  say('the container and the engine are gone again')
  say(
    '"make install" puts gantry and gantryd under /usr/local; "gantry run …" starts the engine by itself',
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}
