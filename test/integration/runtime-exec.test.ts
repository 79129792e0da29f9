import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import type { Task } from '#runtime/types.ts'
import {
  collect,
  collectRaw,
  execOptions,
  heldThings,
  openRuntimeMachine,
} from '#test/support/runtime-machine.ts'

test('an exec gives its output, both streams apart, and its exit code', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  await hasReplacedRuntime(task)
  const held = heldThings(machine)
  const exec = await task.exec(execOptions(['sh', '-c', 'echo out; echo err >&2; exit 9']))
  assert.ok(exec.stdio)
  const { stdout, stderr } = await collect(exec.stdio)
  assert.equal(stdout.toString(), 'out\n')
  assert.equal(stderr.toString(), 'err\n')
  assert.deepEqual(await exec.exited, { code: 9 })
  assert.deepEqual(heldThings(machine), held)
})

test('input reaches an exec whole and ends with its half-close', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  const input = Buffer.alloc(5 << 20, '0123456789\n')
  const exec = await task.exec(execOptions(['sha256sum'], { hasStdin: true }))
  assert.ok(exec.stdio)
  const collected = collect(exec.stdio)
  await exec.stdio.write(input)
  await exec.stdio.closeStdin()
  const { stdout } = await collected
  assert.equal(stdout.toString().split(' ')[0], createHash('sha256').update(input).digest('hex'))
})

test('20 MB of output lose no byte, and /dev/stdout can be opened', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  const exec = await task.exec(
    execOptions(['sh', '-c', 'head -c 20971520 /dev/zero > /dev/stdout']),
  )
  assert.ok(exec.stdio)
  const { stdout } = await collect(exec.stdio)
  assert.equal(stdout.length, 20 << 20)
})

test('an exec with a terminal has its size, follows a resize, and hangs up with its program', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  const exec = await task.exec(
    execOptions(['sh', '-c', 'stty size; read x; stty size; exit 4'], {
      isTerminal: true,
      hasStdin: true,
      consoleSize: { rows: 7, columns: 8 },
    }),
  )
  const { stdio } = exec
  assert.ok(stdio)
  let text = ''
  let isResized = false
  for await (const chunk of stdio.output) {
    text += Buffer.from(chunk).toString()
    if (text.includes('\n') && !isResized) {
      isResized = true
      await exec.resize({ rows: 70, columns: 80 })
      await stdio.write(Buffer.from('go\n'))
    }
  }
  assert.equal(text, '7 8\r\ngo\r\n70 80\r\n')
  assert.deepEqual(await exec.exited, { code: 4 })
})

test('a detached exec runs without stdio', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  const exec = await task.exec(
    execOptions(['sh', '-c', 'readlink /proc/self/fd/1 > /tmp/where; exit 5'], {
      isDetached: true,
    }),
  )
  assert.equal(exec.stdio, undefined)
  assert.deepEqual(await exec.exited, { code: 5 })
  assert.equal(readFileSync(`${machine.rootfs}/tmp/where`, 'utf8'), '/tmp/where\n')
})

test('an exec holds what its container holds: user, capabilities, filter, cgroup, directory', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'], { spec: { capDrop: ['CHOWN'] } })
  await task.start()
  const script =
    'id -u; pwd; grep -E "^Seccomp:|Cap(Bnd|Inh|Eff)" /proc/self/status; sleep 0 & cat /proc/$$/cgroup | grep -c gantry'
  const exec = await task.exec(
    execOptions(['sh', '-c', script], {
      user: { uid: 1234, gid: 5, additionalGids: [] },
      cwd: '/tmp',
    }),
  )
  assert.ok(exec.stdio)
  const { stdout } = await collect(exec.stdio)
  const lines = stdout.toString().trim().split('\n')
  assert.deepEqual(lines.slice(0, 6), [
    '1234',
    '/tmp',
    'CapInh:\t0000000000000000',
    'CapEff:\t0000000000000000',
    'CapBnd:\t00000000a80425fa',
    'Seccomp:\t2',
  ])
  assert.ok((await task.pids()).includes(task.pid))
})

test('what cannot be executed is refused in the words that clients match, and nothing stays', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  await hasReplacedRuntime(task)
  const held = heldThings(machine)
  for (const isTerminal of [false, true]) {
    for (const [program, text] of [
      ['nope', 'exec: "nope": executable file not found in $PATH: unknown'],
      ['/no/such', 'exec: "/no/such": stat /no/such: no such file or directory: unknown'],
      ['/etc/plain', 'exec: "/etc/plain": permission denied: unknown'],
    ] as const) {
      await assert.rejects(task.exec(execOptions([program], { isTerminal })), {
        kind: 'invalid_argument',
        message: `OCI runtime exec failed: exec failed: unable to start container process: ${text}`,
      })
    }
  }
  // Sockets close in the loop's next turn.
  await new Promise(setImmediate)
  assert.deepEqual(heldThings(machine), held)
})

test('an exec with a slow reader and a slow program leaves no listener and no loose failure', async (t) => {
  const trouble = t.mock.fn()
  process.on('unhandledRejection', trouble).on('warning', trouble)
  t.after(() => process.off('unhandledRejection', trouble).off('warning', trouble))
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  const script = 'yes & yes >&2 & while head -c 65536 >/dev/null && sleep 0.01; do :; done'
  const exec = await task.exec(execOptions(['sh', '-c', script], { hasStdin: true }))
  assert.ok(exec.stdio)
  for (let count = 0; count < 40; count++) await exec.stdio.write(Buffer.alloc(65_536))
  const output = exec.stdio.output[Symbol.asyncIterator]()
  assert.ok((await output.next()).value)
  // The reader holds one piece while more of both streams is read ahead.
  await exec.stdio[Symbol.asyncDispose]()
  await task.kill(9)
  await exec.exited
  await new Promise(setImmediate)
  assert.deepEqual(trouble.mock.calls, [])
})

test('the end of the container ends its execs', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  const exec = await task.exec(execOptions(['sleep', '1000']))
  assert.ok(exec.stdio)
  await task.kill(9)
  assert.deepEqual(await exec.exited, { code: 137 })
  assert.equal((await collectRaw(exec.stdio)).length, 0)
})

/** Until the container's own program runs in place of the runtime's. */
async function hasReplacedRuntime(task: Task): Promise<void> {
  const exec = await task.exec(
    execOptions(['sh', '-c', 'until grep -q sleep /proc/1/cmdline; do :; done']),
  )
  await exec.exited
  await exec.stdio?.[Symbol.asyncDispose]()
  await new Promise(setImmediate)
}
