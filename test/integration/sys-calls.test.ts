/** The calls of sys/ against the kernel, with Python's standard library at the other end. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { listenForDescriptor } from '#sys/fdpass.ts'
import { writeFifo } from '#sys/fifo.ts'
import {
  closeDescriptor,
  deviceNumbers,
  makeDeviceNode,
  makeFifo,
  openInRoot,
  setUmask,
} from '#sys/files.ts'
import { createFilesystem } from '#sys/fsmount.ts'
import { mount, unmount } from '#sys/mount.ts'
import {
  createNetworkNamespace,
  insideNetworkNamespace,
  removeNetworkNamespace,
} from '#sys/netns.ts'
import { openPidfd, signalPidfd } from '#sys/pidfd.ts'
import { watchReadable } from '#sys/poller.ts'
import { connectSeqpacket } from '#sys/seqpacket.ts'
import { setWindowSize } from '#sys/tty.ts'
import { findXattr, listXattrs, setXattr } from '#sys/xattr.ts'
import { projectRoot } from '#test/support/paths.ts'
import { temporaryDirectory } from '#test/support/trees.ts'

const { O_RDONLY, O_WRONLY, O_CREAT } = fs.constants

/** A Python program; its lines of output in order, ended with the test. */
function startPython(t: TestContext, program: string, ...args: string[]) {
  const child: ChildProcess = spawn('python3', ['-c', program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const { stdin, stdout } = child
  assert.ok(stdin && stdout)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  return { child, stdin, line: async () => String((await lines.next()).value) }
}

test('a path opened in a root never leaves it', (t) => {
  const directory = temporaryDirectory(t, 'sys')
  const root = join(directory, 'root')
  fs.mkdirSync(join(root, 'etc'), { recursive: true })
  fs.writeFileSync(join(directory, 'secret'), 'outside')
  fs.writeFileSync(join(root, 'secret'), 'inside')
  fs.symlinkSync('../../../secret', join(root, 'etc/up'))
  fs.symlinkSync('/secret', join(root, 'etc/absolute'))
  fs.symlinkSync('/proc/self/fd/0', join(root, 'etc/magic'))
  fs.symlinkSync('loop', join(root, 'etc/loop'))
  const rootFd = fs.openSync(root, O_RDONLY)
  t.after(() => fs.closeSync(rootFd))
  const read = (path: string) => {
    const fd = openInRoot(rootFd, path, { flags: O_RDONLY })
    try {
      return fs.readFileSync(fd, 'utf8')
    } finally {
      closeDescriptor(fd)
    }
  }
  for (const path of ['etc/up', '/etc/absolute', '../../secret']) assert.equal(read(path), 'inside')
  assert.throws(() => read('etc/magic'), { kind: 'not_found', errno: 'ENOENT' })
  assert.throws(() => read('etc/loop'), { message: 'open in root "etc/loop": ELOOP' })
  closeDescriptor(openInRoot(rootFd, 'new', { flags: O_WRONLY | O_CREAT, mode: 0o600 }))
  assert.equal(fs.statSync(join(root, 'new')).mode & 0o777, 0o600)
})

test('nodes, and attributes of the entry itself', (t) => {
  const directory = temporaryDirectory(t, 'sys')
  const mask = setUmask(0)
  t.after(() => setUmask(mask))
  const device = join(directory, 'device')
  makeDeviceNode(device, { type: 'character', mode: 0o620, major: 259, minor: 0x12345 })
  const stats = fs.statSync(device, { bigint: true })
  assert.ok(stats.isCharacterDevice())
  assert.deepEqual(deviceNumbers(stats.rdev), { major: 259, minor: 0x12345 })
  assert.equal(Number(stats.mode) & 0o777, 0o620)
  assert.throws(() => makeDeviceNode(device, { type: 'block', mode: 0, major: 1, minor: 1 }), {
    kind: 'already_exists',
    message: `mknod "${device}": EEXIST`,
  })
  const link = join(directory, 'link')
  fs.symlinkSync('device', link)
  setXattr(link, 'trusted.one', Buffer.from([0, 1, 2]))
  setXattr(link, 'trusted.another', Buffer.alloc(0))
  assert.deepEqual(listXattrs(link), ['trusted.another', 'trusted.one'])
  assert.deepEqual(findXattr(link, 'trusted.one'), Buffer.from([0, 1, 2]))
  assert.deepEqual(findXattr(link, 'trusted.another'), Buffer.alloc(0))
  assert.equal(findXattr(device, 'trusted.one'), undefined)
  const absent = join(directory, 'absent')
  assert.throws(() => setXattr(absent, 'trusted.x', Buffer.alloc(0)), {
    kind: 'not_found',
    message: `set trusted.x of "${absent}": ENOENT`,
  })
})

test('a message goes through a fifo in one piece, or not at all', (t) => {
  const path = join(temporaryDirectory(t, 'sys'), 'fifo')
  makeFifo(path, 0o600)
  assert.throws(() => writeFifo(path, 'x'), { kind: 'unavailable', errno: 'ENXIO' })
  const reader = fs.openSync(path, O_RDONLY | fs.constants.O_NONBLOCK)
  t.after(() => fs.closeSync(reader))
  writeFifo(path, 'start')
  const bytes = Buffer.alloc(64)
  assert.equal(bytes.toString('utf8', 0, fs.readSync(reader, bytes)), 'start')
})

test('packets of a socket keep their boundaries in both directions', async (t) => {
  const path = join(temporaryDirectory(t, 'sys'), 'long'.repeat(40), 'socket')
  fs.mkdirSync(dirname(path))
  await assert.rejects(
    async () => connectSeqpacket(path, { buffer: () => bytes, onPacket: () => true }),
    {
      kind: 'not_found',
    },
  )
  const { line } = startPython(
    t,
    `import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind('socket'); s.listen(1)
print('ready', flush=True)
c, _ = s.accept()
for size in (1, 30000, 7): c.send(b'x' * size)
print(len(c.recv(65536)), flush=True)`,
    path,
  )
  const bytes = Buffer.alloc(65_536)
  assert.equal(await line(), 'ready')
  const sizes: number[] = []
  const three = Promise.withResolvers<void>()
  const onPacket = (length: number) => {
    if (sizes.push(length) === 3) three.resolve()
    return true
  }
  const socket = connectSeqpacket(path, { buffer: () => bytes, onPacket })
  t.after(() => socket.destroy())
  await three.promise
  assert.deepEqual(sizes, [1, 30_000, 7])
  socket.write(Buffer.alloc(1234))
  assert.equal(await line(), '1234')
})

test('a terminal that was sent over a socket takes a size', async (t) => {
  const path = join(temporaryDirectory(t, 'sys'), 'socket')
  using listener = listenForDescriptor(path)
  const { stdin, line } = startPython(
    t,
    `import fcntl, os, pty, socket, struct, sys, termios
master, slave = pty.openpty()
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
socket.send_fds(s, [b'x'], [master])
sys.stdin.readline()
print(*struct.unpack('HHHH', fcntl.ioctl(slave, termios.TIOCGWINSZ, bytes(8))), flush=True)`,
    path,
  )
  const terminal = await listener.receive()
  t.after(() => closeDescriptor(terminal))
  setWindowSize(terminal, { rows: 33, columns: 101 })
  stdin.write('\n')
  assert.equal(await line(), '33 101 0 0')
  assert.throws(() => setWindowSize(fs.openSync('/dev/null', O_RDONLY), { rows: 1, columns: 1 }), {
    errno: 'ENOTTY',
  })
})

test('a client that sends no descriptor is told from one that does', async (t) => {
  const path = join(temporaryDirectory(t, 'sys'), 'socket')
  using listener = listenForDescriptor(path)
  const program = `import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'x'); sys.stdin.readline()`
  startPython(t, program, path)
  await assert.rejects(listener.receive(), { kind: 'data_loss' })
})

test('a process is watched and signalled by descriptor', async (t) => {
  const { child } = startPython(t, 'import time; time.sleep(600)')
  const pidfd = openPidfd(child.pid ?? 0)
  t.after(() => closeDescriptor(pidfd))
  using watch = watchReadable(pidfd)
  const exited = once(child, 'exit')
  signalPidfd(pidfd, 15)
  await watch.ready
  assert.deepEqual(await exited, [null, 'SIGTERM'])
  assert.throws(() => signalPidfd(pidfd, 15), { kind: 'not_found', errno: 'ESRCH' })
  assert.throws(() => openPidfd(child.pid ?? 0), { kind: 'not_found' })
})

test('a worker has a root of its own; other threads keep theirs', async (t) => {
  const directory = temporaryDirectory(t, 'sys')
  fs.writeFileSync(join(directory, 'only'), '')
  const file = join(projectRoot, 'test/support/root-child.ts')
  const worker = new Worker(file, { workerData: directory })
  const [told] = await once(worker, 'message')
  assert.deepEqual(told, { inside: ['only'], isBack: true })
  assert.ok(fs.readdirSync('/').includes('proc'))
})

test('a network namespace is pinned, entered and let go', (t) => {
  const path = join(temporaryDirectory(t, 'sys'), 'net')
  const links = () => fs.readFileSync('/proc/thread-self/net/dev', 'utf8').match(/\w+(?=:)/g)
  const own = links()
  const inside = createNetworkNamespace(path, links)
  t.after(() => removeNetworkNamespace(path))
  assert.ok(inside?.includes('lo'))
  assert.deepEqual(insideNetworkNamespace(path, links), inside)
  assert.deepEqual(links(), own)
  assert.throws(() => createNetworkNamespace(path, links), { code: 'EEXIST' })
  removeNetworkNamespace(path)
  removeNetworkNamespace(path)
  assert.ok(!fs.existsSync(path))
})

test('a mount that is refused tells what and why', (t) => {
  const directory = temporaryDirectory(t, 'sys')
  assert.throws(() => mount({ target: directory, type: 'nosuchfs' }), {
    errno: 'ENODEV',
    message: `mount "${directory}": ENODEV`,
  })
  assert.throws(() => createFilesystem('tmpfs', [['nosuchkey', '1']]), {
    kind: 'invalid_argument',
    message: 'fsconfig "nosuchkey=1": EINVAL',
  })
  assert.throws(() => unmount(directory), { kind: 'invalid_argument' })
})
