import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { readLogs } from '#runtime/logs/read.ts'
import { recordBytes } from '#runtime/logs/record.ts'
import { collect, collectRaw, openRuntimeMachine } from '#test/support/runtime-machine.ts'

const megabytes = 50

test(`${megabytes} MB come through the attachment and the log without a byte lost`, async (t) => {
  const machine = await openRuntimeMachine(t)
  // Random bytes, and their digest as the container sees it, on the other stream.
  const script = `dd if=/dev/urandom of=/tmp/data bs=1M count=${megabytes} 2>/dev/null; cat /tmp/data; sha256sum < /tmp/data >&2`
  const task = await machine.create(['sh', '-c', script])
  const stdio = await task.attach()
  const collected = collect(stdio)
  await task.start()
  const { stdout, stderr } = await collected
  await task.exited
  const expected = stderr.toString().split(' ')[0]
  assert.equal(stdout.length, megabytes << 20)
  assert.equal(createHash('sha256').update(stdout).digest('hex'), expected)
  const log = createHash('sha256')
  const options = { logPath: machine.logPath(task.containerId), stdout: true, stderr: false }
  for await (const records of readLogs(options, new AbortController().signal)) {
    for (const record of records) log.update(recordBytes(record))
  }
  assert.equal(log.digest('hex'), expected)
})

test('a reader that pauses holds the program back and loses nothing', async (t) => {
  const machine = await openRuntimeMachine(t)
  const count = 200_000
  const task = await machine.create(['sh', '-c', `seq ${count}; echo done > /tmp/done`])
  const stdio = await task.attach()
  await task.start()
  const chunks: Buffer[] = []
  for await (const chunk of stdio.output) {
    chunks.push(Buffer.from(chunk))
    if (chunks.length === 1) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const { stdout } = await collect({ ...stdio, output: once(Buffer.concat(chunks)) })
  const expected = Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('')
  assert.ok(stdout.toString() === expected, `got ${stdout.length} of ${expected.length} bytes`)
})

test('two attachments made before the start both see the first byte', async (t) => {
  const machine = await openRuntimeMachine(t)
  for (let round = 0; round < 5; round++) {
    const task = await machine.create(['echo', 'first'])
    const both = [await task.attach(), await task.attach()].map(collect)
    await task.start()
    for (const { stdout } of await Promise.all(both)) assert.equal(stdout.toString(), 'first\n')
    await task.remove()
  }
})

test('stdin goes in whole, and its half-close ends it', async (t) => {
  const machine = await openRuntimeMachine(t)
  const input = Buffer.alloc(3 << 20, 'abcdefghijk\n')
  const task = await machine.create(['sha256sum'], {
    task: { hasStdin: true, closesStdinOnce: true },
  })
  const stdio = await task.attach()
  const collected = collect(stdio)
  await task.start()
  await stdio.write(input)
  await stdio.closeStdin()
  const { stdout } = await collected
  assert.equal(stdout.toString().split(' ')[0], createHash('sha256').update(input).digest('hex'))
  assert.equal((await task.exited).code, 0)
})

test('an attachment that only watches may leave without ending stdin', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['cat'], { task: { hasStdin: true, closesStdinOnce: true } })
  const holder = await task.attach()
  const watcher = await task.attach({ holdsStdin: false })
  const collected = collect(holder)
  await task.start()
  await watcher[Symbol.asyncDispose]()
  await holder.write(Buffer.from('still open\n'))
  await holder.closeStdin()
  assert.equal((await collected).stdout.toString(), 'still open\n')
})

test('without StdinOnce stdin outlives its attachments', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['sh', '-c', 'read a; read b; echo $a $b'], {
    task: { hasStdin: true },
  })
  await task.start()
  const first = await task.attach()
  await first.write(Buffer.from('one\n'))
  await first.closeStdin()
  await first[Symbol.asyncDispose]()
  const second = await task.attach()
  const collected = collect(second)
  await second.write(Buffer.from('two\n'))
  assert.equal((await collected).stdout.toString(), 'one two\n')
})

test('a terminal has its size from the start, follows a resize, and gives raw bytes', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(
    [
      'sh',
      '-c',
      'tty; stty size; trap "stty size; exit 3" WINCH; echo ready; while :; do sleep 0.05; done',
    ],
    {
      task: { isTerminal: true, hasStdin: true },
      spec: { consoleSize: { rows: 11, columns: 22 } },
    },
  )
  const stdio = await task.attach()
  await task.start()
  let text = ''
  for await (const chunk of stdio.output) {
    const isReady = text.includes('ready')
    text += Buffer.from(chunk).toString()
    if (!isReady && text.includes('ready')) await task.resize({ rows: 33, columns: 44 })
  }
  assert.equal(text, '/dev/pts/0\r\n11 22\r\nready\r\n33 44\r\n')
  assert.equal((await task.exited).code, 3)
})

test('writing to a task that has ended is dropped, not thrown', async (t) => {
  const machine = await openRuntimeMachine(t)
  const task = await machine.create(['true'], { task: { hasStdin: true } })
  const stdio = await task.attach()
  await task.start()
  await collectRaw(stdio)
  await task.exited
  await stdio.write(Buffer.from('too late'))
  await stdio.closeStdin()
})

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
