import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import test from 'node:test'
import { silentLogger } from '#base/log.ts'
import { readLogs } from '#runtime/logs/read.ts'
import { recordBytes, recordTime } from '#runtime/logs/record.ts'
import { startLogRotation } from '#runtime/logs/rotate.ts'
import type { ReadLogsOptions } from '#runtime/types.ts'
import { openRuntimeMachine } from '#test/support/runtime-machine.ts'

const never = new AbortController().signal

test('following sees every byte across rotations, in order, and ends with the task', async (t) => {
  const machine = await openRuntimeMachine(t)
  const count = 30_000
  const task = await machine.create([
    'sh',
    '-c',
    `for i in $(seq 30); do seq ${count / 30}; sleep 0.05; done`,
  ])
  const logPath = machine.logPath(task.containerId)
  using rotation = startLogRotation({
    logPath,
    maxBytes: 100_000,
    maxFiles: 50,
    reopen: () => task.reopenLog(),
    log: silentLogger,
  })
  assert.ok(rotation)
  const followed = readText({ logPath, stdout: true, stderr: true, follow: task.exited })
  await task.start()
  const part = Array.from({ length: count / 30 }, (_, index) => `${index + 1}\n`).join('')
  assert.ok((await followed) === part.repeat(30), 'the followed log differs')
  assert.ok(existsSync(`${logPath}.2`), 'nothing was rotated')
  assert.ok((await readText({ logPath, stdout: true, stderr: true })) === part.repeat(30))
})

test('old files beyond the limit go', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create([
    'sh',
    '-c',
    'for i in $(seq 8); do seq 3000; sleep 0.15; done',
  ])
  const logPath = machine.logPath(task.containerId)
  using rotation = startLogRotation({
    logPath,
    maxBytes: 50_000,
    maxFiles: 2,
    reopen: () => task.reopenLog(),
    log: silentLogger,
  })
  assert.ok(rotation)
  await task.start()
  await task.exited
  assert.ok(existsSync(`${logPath}.1`))
  assert.ok(!existsSync(`${logPath}.2`))
})

test('a line longer than any buffer and bytes without an end come back exactly', async (t) => {
  const machine = await openRuntimeMachine(t)
  const script =
    'head -c 3000000 /dev/zero | tr "\\0" x; echo; printf "\\0\\1\\377 no end"; sha256sum < /bin/busybox >&2; cat /bin/busybox'
  const task = await machine.create(['sh', '-c', script])
  await task.start()
  await task.exited
  const logPath = machine.logPath(task.containerId)
  const stdout = await readBytes({ logPath, stdout: true, stderr: false })
  const stderr = await readText({ logPath, stdout: false, stderr: true })
  assert.equal(stdout.subarray(0, 3_000_001).toString(), `${'x'.repeat(3_000_000)}\n`)
  const rest = stdout.subarray(3_000_001)
  assert.deepEqual(rest.subarray(0, 10), Buffer.from('\0\x01\xff no end', 'latin1'))
  assert.equal(createHash('sha256').update(rest.subarray(10)).digest('hex'), stderr.split(' ')[0])
})

test('tail, since and until choose by lines and times', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create([
    'sh',
    '-c',
    'seq 20000; echo err >&2; sleep 0.1; printf "last without end"',
  ])
  await task.start()
  await task.exited
  const logPath = machine.logPath(task.containerId)
  assert.ok(statSync(logPath).size > 512 * 1024)
  const options = { logPath, stdout: true, stderr: false }
  assert.equal(await readText({ ...options, tail: 3 }), '19999\n20000\nlast without end')
  assert.equal(await readText({ ...options, tail: 0 }), '')
  assert.equal((await readText({ ...options, tail: 19_000 })).split('\n')[0], '1002')
  assert.equal((await readText({ ...options, tail: 1_000_000 })).split('\n').length, 20_001)
  const times = []
  for await (const records of readLogs(options, never)) times.push(...records.map(recordTime))
  const last = times.at(-1)
  assert.ok(last !== undefined)
  assert.equal(await readText({ ...options, since: last }), 'last without end')
  const before = times.at(-2)
  assert.ok(before !== undefined && before < last)
  assert.ok((await readText({ ...options, until: before })).endsWith('\n20000\n'))
})

test('a follower leaves when it is told to', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sh', '-c', 'echo one; sleep 1000'])
  await task.start()
  const abort = new AbortController()
  const logPath = machine.logPath(task.containerId)
  const reading = async () => {
    for await (const records of readLogs(
      { logPath, stdout: true, stderr: true, follow: task.exited },
      abort.signal,
    )) {
      assert.equal(Buffer.from(recordBytes(records[0] ?? assert.fail())).toString(), 'one\n')
      abort.abort()
    }
  }
  await assert.rejects(reading(), { kind: 'cancelled' })
})

async function readBytes(options: ReadLogsOptions): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const records of readLogs(options, never)) parts.push(...records.map(recordBytes))
  return Buffer.concat(parts)
}

async function readText(options: ReadLogsOptions): Promise<string> {
  return (await readBytes(options)).toString()
}
