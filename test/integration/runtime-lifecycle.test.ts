import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { millisOf } from '#base/clock.ts'
import { readLogs } from '#runtime/logs/read.ts'
import { recordBytes } from '#runtime/logs/record.ts'
import { watchChanges } from '#runtime/logs/watch.ts'
import type { Task } from '#runtime/types.ts'
import {
  collect,
  execOptions,
  heldThings,
  openRuntimeMachine,
  type RuntimeMachine,
} from '#test/support/runtime-machine.ts'

test('a task runs to its exit code and leaves nothing', async (t) => {
  const machine = await openRuntimeMachine(t)
  const before = heldThings(machine)
  for (const code of [0, 7, 255]) {
    const task = await machine.create(['sh', '-c', `exit ${code}`])
    await task.start()
    const exit = await task.exited
    assert.equal(exit.code, code)
    assert.equal(exit.isOomKilled, false)
    assert.ok(Math.abs(millisOf(exit.finishedAt) - Date.now()) < 60_000)
    await task.remove()
    await task.remove()
  }
  assert.deepEqual(heldThings(machine), before)
  assert.deepEqual(await machine.runtime.listIds(), [])
})

test('a created task waits; a signal ends it with 128 plus its number', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  assert.deepEqual(await task.pids(), [task.pid])
  await task.start()
  await task.kill(9)
  assert.equal((await task.exited).code, 137)
  await assert.rejects(task.kill(15), { kind: 'failed_precondition' })
  await task.remove()
})

test('removing a running task ends it and every process of it', async (t) => {
  const machine = await openRuntimeMachine(t)
  const before = heldThings(machine)
  const task = await machine.create(['sh', '-c', 'sleep 1000 & sleep 1000 & wait'])
  await task.start()
  await task.remove()
  assert.equal((await task.exited).code, 137)
  assert.deepEqual(heldThings(machine), before)
})

test('a paused task stands still, and SIGKILL ends it all the same', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sh', '-c', 'while :; do :; done'])
  await task.start()
  await task.pause()
  const used = () => readFileSync(`/proc/${task.pid}/stat`, 'utf8').split(' ')[13]
  const frozen = used()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(used(), frozen)
  await task.kill(9)
  assert.equal((await task.exited).code, 137)
})

test('what cannot be executed is refused in the words that clients match', async (t) => {
  const machine = await openRuntimeMachine(t)
  const before = heldThings(machine)
  const prefix =
    /^failed to create task for container: failed to create shim task: OCI runtime create failed: /
  for (const [program, text] of [
    ['nope', /exec: "nope": executable file not found in \$PATH: unknown$/],
    ['/no/such', /exec: "\/no\/such": stat \/no\/such: no such file or directory: unknown$/],
    ['/etc/plain', /exec: "\/etc\/plain": permission denied: unknown$/],
    ['/etc', /exec: "\/etc": (permission denied|is a directory): unknown$/],
  ] as const) {
    const error = await machine.create([program]).then(
      () => assert.fail('created'),
      (caught: unknown) => caught as Error,
    )
    assert.match(error.message, prefix)
    assert.match(error.message, text)
  }
  assert.deepEqual(heldThings(machine), before)
  assert.deepEqual(await machine.runtime.listIds(), [])
})

test('an aborted create leaves nothing', async (t) => {
  const machine = await openRuntimeMachine(t)
  const before = heldThings(machine)
  const abort = new AbortController()
  const spec = machine.spec('aborted', ['true'])
  const creating = machine.runtime.create(
    { containerId: 'aborted', spec, isTerminal: false, hasStdin: false, closesStdinOnce: false },
    abort.signal,
  )
  abort.abort()
  await assert.rejects(creating, { kind: 'cancelled' })
  assert.deepEqual(heldThings(machine), before)
})

test('only descriptors 0, 1 and 2 are open in the program, and no capability is inherited', async (t) => {
  const machine = await openRuntimeMachine(t)
  const script = 'ls /proc/$$/fd; grep -E "Cap(Inh|Amb|Eff)|NoNewPrivs|^Seccomp:" /proc/$$/status'
  const lines = (await outputOf(machine, ['sh', '-c', script])).trim().split('\n')
  assert.deepEqual(
    lines.filter((line) => /^\d+$/.test(line) && line !== '10'),
    ['0', '1', '2'],
  )
  const status = Object.fromEntries(
    lines.filter((line) => line.includes(':')).map((line) => line.split(/:\s+/)),
  )
  assert.deepEqual(status, {
    CapInh: '0000000000000000',
    CapAmb: '0000000000000000',
    CapEff: '00000000a80425fb',
    NoNewPrivs: '0',
    Seccomp: '2',
  })
})

test('the environment of an image reaches its program and no helper', async (t) => {
  const machine = await openRuntimeMachine(t)
  const env = [
    'PATH=/evil:/bin',
    'LD_PRELOAD=/evil.so',
    'LISTEN_FDS=3',
    '_OCI_SYNCPIPE=1',
    'HOME=/root',
  ]
  const task = await machine.create(['/bin/sleep', '1000'], { spec: { env } })
  await task.start()
  const environmentOf = (pid: number) =>
    readFileSync(`/proc/${pid.toString()}/environ`, 'utf8').split('\0').filter(Boolean)
  await t.waitFor(() => assert.deepEqual(environmentOf(task.pid), env))
  const names = environmentOf(task.conmonPid).map((variable) => variable.replace(/=.*/s, ''))
  assert.deepEqual(
    names.filter((name) => !['PATH', 'TMPDIR', '_OCI_SYNCPIPE', 'NOTIFY_SOCKET'].includes(name)),
    [],
  )
  assert.doesNotMatch(environmentOf(task.conmonPid).join(' '), /evil/)
})

test('the second container takes the compiled seccomp filter, and execs have one too', async (t) => {
  const machine = await openRuntimeMachine(t)
  const script =
    'grep ^Seccomp: /proc/self/status; unshare -U true 2>&1; mount -t tmpfs x /tmp 2>&1; true'
  const first = await outputOf(machine, ['sh', '-c', script])
  const second = await outputOf(machine, ['sh', '-c', script])
  assert.equal(second, first)
  assert.match(first, /Seccomp:\s2\n/)
  assert.match(first, /unshare.*Operation not permitted/)
  assert.match(first, /mount.*(Operation not permitted|permission denied)/i)
})

test('running out of memory is told apart from being killed', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sh', '-c', 'tail /dev/zero'], {
    spec: { resources: { memoryBytes: 16 << 20, memorySwapBytes: 16 << 20 } },
  })
  await task.start()
  const exit = await task.exited
  assert.equal(exit.isOomKilled, true)
  assert.notEqual(exit.code, 0)
})

test('limits reach the cgroup', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'], {
    spec: { resources: { pidsLimit: 23, memoryBytes: 64 << 20 } },
  })
  const group = `${machine.cgroupParent}/${task.containerId}`
  const read = (...paths: string[]) => {
    const path = paths.map((p) => `/sys/fs/cgroup/${p}`).find((p) => existsSync(p))
    return readFileSync(path ?? '', 'utf8').trim()
  }
  assert.equal(read(`pids/${group}/pids.max`, `${group}/pids.max`), '23')
  assert.equal(
    read(`memory/${group}/memory.limit_in_bytes`, `${group}/memory.max`),
    String(64 << 20),
  )
})

test('another OCI runtime serves as well: runc', async (t) => {
  const machine = await openRuntimeMachine(t)
  // The loop's own inotify descriptor is made by the first watch and stays.
  watchChanges(machine.root)[Symbol.dispose]()
  const before = heldThings(machine)
  const create = (args: readonly string[]) => machine.create(args, { task: { runtime: 'runc' } })
  const task = await create(['sh', '-c', 'echo hi; sleep 1000'])
  const stdio = await task.attach()
  await task.start()
  for await (const chunk of stdio.output) {
    assert.equal(Buffer.from(chunk).subarray(8).toString(), 'hi\n')
    break
  }
  const exec = await task.exec(execOptions(['sh', '-c', 'echo in exec; exit 3']))
  assert.ok(exec.stdio)
  assert.equal((await collect(exec.stdio)).stdout.toString(), 'in exec\n')
  assert.deepEqual(await exec.exited, { code: 3 })
  await assert.rejects(task.exec(execOptions(['nope'])), {
    message:
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
  })
  await assert.rejects(create(['nope']), { message: /executable file not found in \$PATH/ })
  await task.kill(9)
  assert.equal((await task.exited).code, 137)
  await stdio[Symbol.asyncDispose]()
  await task.remove()
  // Sockets of the tests before may still have been closing when the count began.
  const { descriptors, ...after } = heldThings(machine)
  assert.deepEqual(after, { bundles: 0, cgroups: 0, processes: 0 })
  assert.ok(descriptors <= before.descriptors, `${descriptors} > ${before.descriptors}`)
})

async function outputOf(machine: RuntimeMachine, args: readonly string[]): Promise<string> {
  const task: Task = await machine.create(args)
  await task.start()
  await task.exited
  const logPath = machine.logPath(task.containerId)
  let text = ''
  for await (const records of readLogs(
    { logPath, stdout: true, stderr: true },
    new AbortController().signal,
  )) {
    for (const record of records) text += Buffer.from(recordBytes(record)).toString()
  }
  await task.remove()
  return text
}
