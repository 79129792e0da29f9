import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'
import {
  collect,
  execOptions,
  heldThings,
  openRuntimeMachine,
} from '#test/support/runtime-machine.ts'

test('another runtime takes a running task back: attach, stdin, exec, kill, exit', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sh', '-c', 'read x; echo got $x; sleep 1000'], {
    task: { hasStdin: true },
  })
  await task.start()
  machine.runtime.close()
  const runtime = await machine.reopen()
  assert.deepEqual(await runtime.listIds(), [task.containerId])
  const adopted = await runtime.adopt({
    containerId: task.containerId,
    isTerminal: false,
    hasStdin: true,
  })
  assert.equal(adopted.pid, task.pid)
  assert.equal(adopted.conmonPid, task.conmonPid)
  const stdio = await adopted.attach()
  await stdio.write(Buffer.from('it\n'))
  for await (const chunk of stdio.output) {
    assert.equal(Buffer.from(chunk).subarray(8).toString(), 'got it\n')
    break
  }
  const exec = await adopted.exec(execOptions(['echo', 'hi']))
  assert.ok(exec.stdio)
  assert.equal((await collect(exec.stdio)).stdout.toString(), 'hi\n')
  await adopted.kill(15)
  await adopted.kill(9)
  assert.equal((await adopted.exited).code, 137)
  await adopted.remove()
  assert.deepEqual(await runtime.listIds(), [])
})

test('an exit that nobody watched is known to the next runtime', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sh', '-c', 'exit 42'])
  machine.runtime.close()
  await task.start()
  // This process is conmon's parent, which a dead engine is not: wait as its child would be reaped.
  await endOf(task.conmonPid)
  const runtime = await machine.reopen()
  const adopted = await runtime.adopt({
    containerId: task.containerId,
    isTerminal: false,
    hasStdin: false,
  })
  assert.equal((await adopted.exited).code, 42)
  await assert.rejects(adopted.kill(9), { kind: 'failed_precondition' })
})

test('the death of conmon ends the task with 137, and no process stays', async (t) => {
  const machine = await openRuntimeMachine(t)
  const held = heldThings(machine)
  const task = await machine.create(['sh', '-c', 'trap "" TERM; sleep 1000 & sleep 1000'])
  await task.start()
  process.kill(task.conmonPid, 'SIGKILL')
  assert.equal((await task.exited).code, 137)
  assert.equal(existsSync(`/proc/${task.pid}/exe`), false)
  await task.remove()
  assert.deepEqual(heldThings(machine), held)
})

test('a task whose conmon died with the engine is ended when it is taken back', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sleep', '1000'])
  await task.start()
  machine.runtime.close()
  process.kill(task.conmonPid, 'SIGKILL')
  await endOf(task.conmonPid)
  const runtime = await machine.reopen()
  const adopted = await runtime.adopt({
    containerId: task.containerId,
    isTerminal: false,
    hasStdin: false,
  })
  assert.equal((await adopted.exited).code, 137)
  assert.equal(existsSync(`/proc/${task.pid}/exe`), false)
})

test('strays are removed whatever state they are in', async (t) => {
  const machine = await openRuntimeMachine(t)
  const held = heldThings(machine)
  const running = await machine.create(['sleep', '1000'])
  await running.start()
  const created = await machine.create(['sleep', '1000'])
  const ended = await machine.create(['true'])
  await ended.start()
  await ended.exited
  assert.equal((await machine.runtime.listIds()).length, 3)
  for (const { containerId } of [running, created, ended]) {
    await machine.runtime.removeStray(containerId)
  }
  await Promise.all([running.exited, created.exited])
  assert.deepEqual(await machine.runtime.listIds(), [])
  assert.deepEqual(heldThings(machine), held)
})

test('what was never created is not found', async (t) => {
  const machine = await openRuntimeMachine(t)
  await assert.rejects(
    machine.runtime.adopt({ containerId: 'nobody', isTerminal: false, hasStdin: false }),
    { kind: 'not_found' },
  )
  await assert.rejects(
    machine.runtime.adopt({ containerId: '../x', isTerminal: false, hasStdin: false }),
    { kind: 'invalid_argument' },
  )
})

test('a hundred lives leave descriptors, processes and cgroups as they were', async (t) => {
  const machine = await openRuntimeMachine(t)
  const live = async () => {
    const task = await machine.create(['cat'], { task: { hasStdin: true, closesStdinOnce: true } })
    const stdio = await task.attach()
    const collected = collect(stdio)
    await task.start()
    const exec = await task.exec(execOptions(['echo', 'x']))
    assert.ok(exec.stdio)
    await collect(exec.stdio)
    await stdio.write(Buffer.from('bye'))
    await stdio.closeStdin()
    assert.equal((await collected).stdout.toString(), 'bye')
    await task.exited
    await stdio[Symbol.asyncDispose]()
    await task.remove()
  }
  await live()
  const held = heldThings(machine)
  for (let round = 0; round < 25; round++) await Promise.all([live(), live(), live(), live()])
  assert.deepEqual(heldThings(machine), held)
})

/** Until the process is gone or only waits to be reaped. */
async function endOf(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}/exe`)) await new Promise((resolve) => setTimeout(resolve, 2))
}
