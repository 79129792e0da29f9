import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import test from 'node:test'
import { until } from '#container/testing/until.ts'
import { sampleRequest } from '#container/testing/sample.ts'
import { makeDeviceNode } from '#sys/files.ts'
import {
  collectFrames,
  loadVariant,
  logText,
  never,
  runContainer,
  shareTestEngine,
  type RunRequest,
} from '#test/support/in-process.ts'

const engine = shareTestEngine()

const run = (request: RunRequest, input?: string) => runContainer(engine(), request, input)
const shell = (script: string, request: RunRequest = {}) =>
  run({ ...request, cmd: ['sh', '-c', script] })

test('exit codes, streams and signals come through', async () => {
  assert.equal((await run({ cmd: ['true'] })).code, 0)
  const both = await shell('echo out; echo err >&2; exit 7')
  assert.deepEqual([both.code, both.stdout, both.stderr], [7, 'out\n', 'err\n'])
  assert.equal((await shell("sh -c 'kill -9 $$'; exit $?")).code, 137)
})

test('stdin arrives whole and its end is seen', async () => {
  const text = 'x'.repeat(300_000)
  const { stdout, code } = await run({ cmd: ['cat'] }, text)
  assert.equal(code, 0)
  assert.equal(stdout.length, text.length)
})

test('a program that is not there gives 127, one that cannot run 126', async () => {
  const request = (cmd: string[]) => ({ name: 'broken', cmd })
  for (const [cmd, code, message] of [
    [['nope'], 127, /executable file not found in \$PATH/],
    [['/no/such'], 127, /no such file or directory/],
    [['/etc/passwd'], 126, /permission denied/],
  ] as const) {
    await assert.rejects(run(request([...cmd])), { message })
    const { state } = engine().containers.get('broken')
    assert.equal(state.status === 'created' && state.failure?.code, code, cmd[0])
    await engine().containers.remove('broken', { force: false, volumes: true })
  }
})

test('environment, working directory, hostname and command line', async () => {
  const { id, stdout } = await shell('echo $A $HOME $HOSTNAME; hostname; pwd', {
    env: ['A=1'],
    workingDir: '/made/for/it',
  })
  const short = id.slice(0, 12)
  assert.equal(stdout, `1 /root ${short}\n${short}\n/made/for/it\n`)
  const named = await run({
    entrypoint: ['echo', 'from'],
    cmd: ['$A'],
    hostname: 'box',
  })
  assert.equal(named.stdout, 'from $A\n')
})

test('users by name, number and group, and the groups they are in', async () => {
  const ids = async (user: string) => (await shell('id -u; id -g; id -G', { user })).stdout
  assert.equal(await ids('alice'), '1000\n1000\n1000 1001\n')
  assert.equal(await ids('1000'), '1000\n1000\n1000 1001\n')
  assert.equal(await ids('33:1001'), '33\n1001\n1001\n')
  assert.equal(await ids('4242:www'), '4242\n33\n33\n')
  await assert.rejects(shell('id', { user: 'mallory' }), {
    message: /unable to find user mallory: no matching entries in passwd file/,
  })
})

test('a terminal is one raw stream', async () => {
  const { stdout } = await shell('test -t 0 && test -t 1 && echo yes; echo err >&2', {
    isTty: true,
  })
  assert.equal(stdout, 'yes\r\nerr\r\n')
})

test('read-only root, tmpfs with its size, shared memory', async () => {
  const { code, stdout, stderr } = await shell(
    'touch /x; echo ok > /scratch/y && cat /scratch/y; df -k /scratch /dev/shm | tail -n +2',
    { host: { isReadonlyRootfs: true, tmpfs: { '/scratch': 'size=4m' }, shmSizeBytes: 8 << 20 } },
  )
  assert.equal(code, 0)
  assert.match(stderr, /Read-only file system/)
  assert.match(stdout, /^ok\n/)
  assert.match(stdout, / 4096 .*\/scratch\n/)
  assert.match(stdout, / 8192 .*\/dev\/shm\n/)
})

test('a tmpfs can be executed from when asked, and generated files are as read-only as the root', async () => {
  const script = 'cp /bin/busybox /scratch/echo && /scratch/echo hi; : >> /etc/hosts'
  const host = { isReadonlyRootfs: true, tmpfs: { '/scratch': 'exec' } }
  const { stdout, stderr } = await shell(script, { host })
  assert.equal(stdout, 'hi\n')
  assert.match(stderr, /\/etc\/hosts: Read-only file system/)
})

test('programs find the files by which they know a container', async () => {
  const { stdout } = await shell('ls -l /.dockerenv | cut -c1-10; grep -c " / overlay" /etc/mtab')
  assert.equal(stdout, '-rwxr-xr-x\n1\n')
})

test('the memory of another container is shared only when it says so', async () => {
  const { containers } = engine()
  for (const ipcMode of ['shareable', 'private']) {
    const cmd = ['sh', '-c', 'echo mine > /dev/shm/note; exec sleep 1000']
    const request = sampleRequest({ cmd, host: { ipcMode, shmSizeBytes: 2 << 20 } })
    const { id } = await containers.create(request)
    await containers.start(id)
    const read = 'until cat /dev/shm/note 2> /dev/null; do usleep 1000; done; df -k /dev/shm'
    const joining = shell(read, { host: { ipcMode: `container:${id}` } })
    if (ipcMode === 'shareable') assert.match((await joining).stdout, /^mine\n[^]* 2048 /)
    else await assert.rejects(joining, { kind: 'conflict', message: /non-shareable IPC/ })
    await containers.remove(id, { force: true, volumes: true })
  }
})

test('the memory limit kills, and the exit says so', async () => {
  const limits = { memoryBytes: 16 << 20, memorySwapBytes: 16 << 20 }
  const resources = { ...sampleRequest().spec.host.resources, ...limits }
  const { id, code } = await shell('tail /dev/zero', { host: { resources } })
  assert.equal(code, 137)
  const { state } = engine().containers.get(id)
  assert.equal(state.status === 'exited' && state.last.isOomKilled, true)
})

test('the process limit holds', async () => {
  const resources = { ...sampleRequest().spec.host.resources, pidsLimit: 8 }
  const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; echo done'
  const { stderr } = await shell(script, { host: { resources } })
  assert.match(stderr, /can't fork/)
})

test('reading from a device can be limited', async (t) => {
  const [name = ''] = readdirSync('/sys/block')
  const numbers = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim()
  const [major = 0, minor = 0] = numbers.split(':').map(Number)
  const path = `/tmp/device-${process.pid}`
  makeDeviceNode(path, { type: 'block', mode: 0o600, major, minor })
  t.after(() => rmSync(path))
  const limits = { blkioDevices: [{ limit: 'readBps', path, value: 1 << 20 }] } as const
  const resources = { ...sampleRequest().spec.host.resources, ...limits }
  const script =
    'cd /sys/fs/cgroup; cat blkio/blkio.throttle.read_bps_device io.max 2> /dev/null; true'
  const { stdout } = await shell(script, { host: { resources } })
  assert.match(stdout, new RegExp(`^${numbers} (rbps=)?1048576`, 'm'))
  const missing = { blkioDevices: [{ limit: 'readBps', path: '/dev/nowhere', value: 1 }] } as const
  await assert.rejects(shell('true', { host: { resources: { ...resources, ...missing } } }), {
    message: 'limit device "/dev/nowhere": no such file or directory',
  })
})

test('an init reaps orphans and passes the exit code on', async () => {
  const script = 'cat /proc/1/comm; exit 9'
  const { code, stdout, stderr } = await shell(script, { host: { hasInit: true } })
  assert.deepEqual([code, stderr], [9, ''])
  assert.doesNotMatch(stdout, /^(sh|cat)\n/)
})

test('networks: bridge with its generated files, none, host, and another container', async () => {
  const bridged = await shell('cat /etc/hosts /etc/hostname; ip -4 -o addr show eth0', {
    hostname: 'box',
    host: { extraHosts: ['db:10.1.2.3'], dns: ['9.9.9.9'] },
  })
  const address = /inet (\S+)\//.exec(bridged.stdout)?.[1] ?? ''
  assert.match(bridged.stdout, new RegExp(`^${address}\\tbox$`, 'm'))
  assert.match(bridged.stdout, /^10\.1\.2\.3\tdb$/m)
  assert.match(bridged.stdout, /^::1\tlocalhost ip6-localhost/m)
  const none = await shell('ls /sys/class/net; ip -6 -o addr show lo | grep -c ::1/128', {
    host: { networkMode: { type: 'none' } },
  })
  assert.equal(none.stdout, 'lo\n1\n')
  for (const utsMode of ['', 'host']) {
    const host = await shell('hostname; echo $HOSTNAME; cat /etc/hostname', {
      host: { networkMode: { type: 'host' }, utsMode },
    })
    assert.equal(host.stdout, `${hostname()}\n`.repeat(3))
  }
  const owner = await engine().containers.create(sampleRequest({ cmd: ['sleep', '1000'] }))
  await engine().containers.start(owner.id)
  const inside = 'ip -4 -o addr show eth0 | grep -o "inet [0-9.]*"'
  const joined = await shell(`${inside}; hostname`, {
    host: { networkMode: { type: 'container', container: owner.id } },
  })
  const { state } = engine().containers.get(owner.id)
  const expected = state.status === 'running' ? state.run.endpoints[0]?.ipv4Address : undefined
  assert.equal(joined.stdout, `inet ${expected}\n${owner.id.slice(0, 12)}\n`)
  await engine().containers.remove(owner.id, { force: true, volumes: true })
})

test('--rm leaves nothing: no record, no files, no address', async () => {
  const { id, code } = await run({ cmd: ['sh', '-c', 'exit 3'], host: { isAutoRemove: true } })
  assert.equal(code, 3)
  assert.throws(() => engine().containers.get(id), { kind: 'not_found' })
  const { dataRoot } = engine().config
  assert.equal(existsSync(`${dataRoot}/containers/${id}`), false)
  assert.equal(engine().networks.endpoints(engine().networks.get('bridge').id).size, 0)
})

test('logs keep every byte of both streams; attach replays them', async () => {
  const { id } = await shell('echo one; echo two >&2; printf three')
  // Two pipes: the order between the streams is nobody's promise.
  const stdout = { stdout: true, stderr: false }
  assert.equal(await logText(engine(), id, stdout), 'one\nthree')
  assert.equal(await logText(engine(), id, { stdout: false, stderr: true }), 'two\n')
  await using stdio = await engine().containers.attach(id, {
    ...stdout,
    stdin: false,
    logs: true,
    stream: false,
  })
  assert.equal((await collectFrames(stdio.output, false)).stdout, 'one\nthree')
})

test('what an image says is what runs', async () => {
  await loadVariant(engine(), 'variant:1', {
    config: {
      Entrypoint: ['sh', '-c'],
      Cmd: ['echo $WHO in $(pwd) as $(id -u)'],
      Env: ['WHO=variant', 'PATH=/bin'],
      User: 'alice',
      WorkingDir: '/tmp',
      Labels: { a: 'b' },
    },
  })
  const { id, stdout } = await run({ imageName: 'variant:1' })
  assert.equal(stdout, 'variant in /tmp as 1000\n')
  assert.equal(engine().containers.get(id).spec.labels['a'], 'b')
})

test('a container in use is inspected while it runs', async () => {
  const { containers } = engine()
  const { id } = await containers.create(sampleRequest({ cmd: ['sleep', '1000'] }))
  await containers.start(id)
  const { state } = containers.get(id)
  assert.equal(state.status, 'running')
  const pid = state.status === 'running' ? state.run.pid : 0
  // The runtime lets the process go and does not wait for its execve.
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n')
  const { processes, titles } = await containers.top(id, [])
  assert.equal(processes.length, 1)
  assert.equal(processes[0]?.[titles.indexOf('PID')], String(pid))
  await containers.pause(id)
  assert.equal(containers.get(id).state.status, 'paused')
  await containers.unpause(id)
  const exit = containers.wait(id, 'not-running', never)
  await containers.stop(id, { timeoutS: 0 })
  assert.equal((await exit).code, 137)
})
