/**
 * Next to a real dockerd, in namespaces of their own: this file runs itself again inside them,
 * so that neither engine's rules meet those of the machine.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { prepareNamespace } from '#bench/namespace.ts'
import { removeCgroups } from '#bench/cleanup.ts'
import { startDocker } from '#bench/peers/docker.ts'
import { busyboxDockerArchive } from '#test/support/busybox.ts'
import { run, runOk } from '#test/support/commands.ts'
import { startEngine, type TestEngine } from '#test/support/engine.ts'

const insideVariable = 'GANTRY_TEST_BESIDE_DOCKER'
const skip = existsSync('/usr/sbin/dockerd')
  ? false
  : 'no dockerd here (make bench-peers installs it)'

if (process.env[insideVariable] === undefined) {
  test('beside dockerd, in namespaces of their own', { skip, timeout: 120_000 }, async () => {
    const flags = ['--net', '--mount', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc']
    const { code, stdout, stderr } = await run(
      'unshare',
      [...flags, process.execPath, import.meta.filename],
      // Without this the inner run would speak the protocol of a test file's process.
      { env: { [insideVariable]: '1', NODE_TEST_CONTEXT: undefined }, timeoutMs: 110_000 },
    )
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /pass 2/)
  })
} else {
  await prepareNamespace()
  await makeOutside()
  test('docker first: its FORWARD policy is DROP when ours comes', async (t) => {
    await runOk('sysctl', ['-qw', 'net.ipv4.ip_forward=0'])
    const docker = await startDockerFor(t)
    const engine = await startEngine(t)
    await checkBoth(engine, docker)
  })
  test('ours first, then docker, then a policy of DROP', async (t) => {
    const engine = await startEngine(t)
    const docker = await startDockerFor(t)
    await runOk('iptables', ['-P', 'FORWARD', 'DROP'])
    await checkBoth(engine, docker)
  })
}

type Runner = (args: readonly string[]) => Promise<string>

async function startDockerFor(t: TestContext): Promise<Runner> {
  const root = mkdtempSync('/tmp/g-docker-')
  const peer = await startDocker(root)
  assert.ok(peer)
  t.after(async () => {
    for (const daemon of peer.daemons) await daemon.end()
    await removeCgroups()
    rmSync(root, { recursive: true, force: true })
    await runOk('iptables', ['-P', 'FORWARD', 'ACCEPT'])
  })
  const [program = '', ...prefix] = peer.cli
  const docker: Runner = async (args) =>
    (await runOk(program, [...prefix, ...args], { env: peer.env })).stdout
  await docker(['load', '--input', await busyboxDockerArchive()])
  return docker
}

/** A namespace that stands for another machine, with a web server. */
async function makeOutside(): Promise<void> {
  const pages = '/run/pages'
  mkdirSync(pages)
  writeFileSync(`${pages}/index.html`, 'outside\n')
  const commands = [
    'ip netns add out',
    'ip link add up0 type veth peer name up1 netns out',
    'ip address add 198.51.100.1/24 dev up0',
    'ip link set up0 up',
    'ip -n out address add 198.51.100.2/24 dev up1',
    'ip -n out link set up1 up',
    `ip netns exec out busybox httpd -p 80 -h ${pages}`,
  ]
  await runOk('sh', ['-ec', commands.join('\n')])
}

/** Containers of both are reached from outside and from here, and reach out. */
async function checkBoth(engine: TestEngine, docker: Runner): Promise<void> {
  const gantry: Runner = async (args) => {
    const { code, stdout, stderr } = await engine.docker(args)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const policy = await runOk('iptables', ['-S', 'FORWARD'])
  assert.match(policy.stdout, /^-P FORWARD DROP$/m)
  const engines: readonly (readonly [Runner, string, string])[] = [
    [gantry, 'gantry', '18081'],
    [docker, 'docker', '18082'],
  ]
  for (const [command, name, port] of engines) {
    const serve = `mkdir /w; echo ${name} > /w/index.html; exec httpd -f -p 80 -h /w`
    await command(['run', '-d', '--name', 'web', '-p', `${port}:80`, 'busybox', 'sh', '-c', serve])
  }
  for (const [command, name, port] of engines) {
    const fromOutside = ['netns', 'exec', 'out', 'busybox', ...fetchPage('198.51.100.1', port)]
    const seenOutside = (await runOk('ip', fromOutside)).stdout
    assert.match(seenOutside, new RegExp(`^${name}$`, 'm'), `${name} from outside`)
    const fromHere = await fetch(`http://127.0.0.1:${port}/`)
    assert.equal(await fromHere.text(), `${name}\n`, `${name} from the host`)
    const seenInside = await command(['run', '--rm', 'busybox', ...fetchPage('198.51.100.2', '80')])
    assert.match(seenInside, /^outside$/m, `${name} reaches out`)
  }
  for (const [command] of engines) await command(['rm', '-f', 'web'])
}

/** With nc: the static busybox's wget crashes where its libc finds no name service. */
function fetchPage(address: string, port: string): string[] {
  return ['sh', '-c', `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 ${address} ${port}`]
}
