/** Images and requests that reach for the host: what a container gets by default holds against them. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '#container/testing/until.ts'
import { shareEngine } from '#test/support/engine.ts'
import { encodeArchive, type TestMember } from '#test/support/tar-members.ts'

const engine = shareEngine()

/** A shell, and whatever else the test wants in its root. */
async function importImage(name: string, members: readonly TestMember[]): Promise<void> {
  const applets = ['sh', 'ls', 'id'].map((applet): TestMember => ({
    path: `bin/${applet}`,
    type: 'symlink',
    linkPath: 'busybox',
  }))
  const busybox = { path: 'bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') }
  const input = encodeArchive([busybox, ...applets, ...members])
  const { code, stderr } = await engine().gantry(['import', '-', name], { input })
  assert.equal(code, 0, stderr)
}

function link(path: string, linkPath: string): TestMember {
  return { path, type: 'symlink', linkPath }
}

async function ran(...args: readonly string[]) {
  return await engine().gantry(['run', '--rm', ...args])
}

test('a root whose /proc, /sys or /dev is a link is refused', async () => {
  for (const path of ['proc', 'sys', 'dev']) {
    await importImage(`linked:${path}`, [link(path, '/etc')])
    const { code, stderr } = await ran(`linked:${path}`, 'ls', `/${path}`)
    assert.equal(code, 125, stderr)
    assert.match(stderr, /OCI runtime create failed/)
  }
})

test('mount targets that are links lead to places in the root', async () => {
  const name = `gantry-${process.pid}`
  await importImage('linked:target', [link('out', '/../../../../../etc'), { path: 'etc/own' }])
  const { stdout, code } = await ran('-v', `made:/out/${name}`, 'linked:target', 'ls', '/etc')
  assert.equal(code, 0)
  assert.ok(stdout.split('\n').includes(name), stdout)
  assert.equal(existsSync(`/etc/${name}`), false)
})

test('no descriptor of the engine is a way out for the working directory', async () => {
  const tries = [3, 4, 5, 6, 7, 8, 9].map(async (fd) => {
    const { client } = engine()
    const WorkingDir = `/proc/self/fd/${fd}`
    const { Id } = await client.containers.create({ Image: 'busybox', Cmd: ['ls'], WorkingDir })
    await assert.rejects(client.containers.start(Id), /OCI runtime create failed/, WorkingDir)
  })
  await Promise.all(tries)
})

const calls = `
import ctypes, errno, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
numbers = {
    'x86_64': [165, 166, 272, 308, 321, 250, 248, 425, 430],
    'aarch64': [40, 39, 97, 268, 280, 219, 217, 425, 430],
}
answers = set()
# mount umount2 unshare setns bpf keyctl add_key io_uring_setup fsopen
for number in numbers[platform.machine()]:
    ctypes.set_errno(0)
    libc.syscall(number, 0x10000000, 0, 0, 0, 0)
    answers.add(errno.errorcode.get(ctypes.get_errno()))
print(*answers)
# AF_ALG, AF_VSOCK
for family in (38, 40):
    try:
        socket.socket(family, socket.SOCK_SEQPACKET, 0)
        print('open')
    except OSError:
        print('refused')
`

test('calls that lead out of containers are refused by the kernel', async () => {
  const userland = ['/usr:/usr:ro', '/usr/lib64:/lib64:ro', '/usr/lib:/lib:ro']
  const binds = userland.flatMap((bind) =>
    existsSync(bind.split(':')[0] ?? '') ? ['-v', bind] : [],
  )
  const { stdout, stderr } = await ran(...binds, 'busybox', '/usr/bin/python3', '-c', calls)
  assert.equal(stdout, 'EPERM\nrefused\nrefused\n', stderr)
})

test('kernel files are masked or read-only, and no capability is inheritable or ambient', async () => {
  const script = `for f in /proc/sysrq-trigger /proc/sys/kernel/panic /sys/kernel/profiling $(find /sys/fs/cgroup -name cgroup.procs); do
  (echo 1 > $f) 2>/dev/null && echo "wrote $f"; done
for f in /proc/kcore /proc/keys /proc/timer_list /sys/firmware; do [ -s $f ] && [ -f $f ] && echo "read $f"; done
grep -E 'CapInh|CapAmb' /proc/self/status`
  const { stdout } = await ran('busybox', 'sh', '-c', script)
  assert.equal(stdout, 'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n')
})

test('the environment of a container reaches nothing that serves it', async () => {
  const { client } = engine()
  const Env = ['LD_PRELOAD=/trojan.so', 'DOCKER_HOST=tcp://trojan', 'PATH=/trojan:/bin']
  const { Id } = await client.containers.create({ Image: 'busybox', Cmd: ['sleep', '1000'], Env })
  await client.containers.start(Id)
  const { Pid } = (await client.containers.inspect(Id)).State
  const parent = readFileSync(`/proc/${Pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]
  assert.match(readFileSync(`/proc/${parent}/comm`, 'utf8'), /^conmon/)
  assert.doesNotMatch(readFileSync(`/proc/${parent}/environ`, 'utf8'), /trojan/)
  // The program itself has it, as soon as it is executed.
  await until(() => readFileSync(`/proc/${Pid}/environ`, 'utf8').includes('trojan'))
})

test('what the engine keeps is closed to other users, and no socket has an abstract name', async () => {
  const { identity } = engine()
  const places = [identity.dataRoot, identity.execRoot].flatMap((root) =>
    readdirSync(root).map((name) => join(root, name)),
  )
  const open = places.filter((path) => {
    const stats = statSync(path)
    return stats.isDirectory() && (stats.mode & 0o006) !== 0
  })
  assert.deepEqual(open, [], 'nobody else may list or write')
  const sockets = readFileSync('/proc/net/unix', 'utf8').split('\n')
  assert.deepEqual(
    sockets.filter((line) => line.includes('@') && line.includes(identity.root)),
    [],
  )
})
