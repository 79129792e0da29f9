import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test from 'node:test'
import { openPipe } from '#sys/pipe.ts'
import { openPipeReader, runCommand, startProcess } from '#sys/process.ts'
import { closeDescriptor } from '#sys/files.ts'

test('output, input and exit code', async () => {
  const script = 'cat; echo err >&2; exit 3'
  const result = await runCommand('/bin/sh', ['-c', script], { input: 'in' })
  assert.deepEqual(
    { ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() },
    { code: 3, stdout: 'in', stderr: 'err\n' },
  )
})

test('only the given environment, directory and descriptors reach the program', async () => {
  const { stdout } = await runCommand('/bin/sh', ['-c', 'pwd; echo "$X-$HOME"; ls /proc/self/fd'], {
    env: ['X=1', 'PATH=/usr/bin:/bin'],
    cwd: '/usr',
  })
  // The fourth is the directory that ls reads.
  assert.deepEqual(stdout.toString().trim().split('\n'), ['/usr', '1-', '0', '1', '2', '3'])
})

test('signals are at their defaults, also the one that Node ignores', async () => {
  const { stdout } = await runCommand('/bin/grep', ['-E', 'Sig(Blk|Ign)', '/proc/self/status'])
  assert.match(stdout.toString(), /SigBlk:\t0+\nSigIgn:\t0+\n/)
})

test('a program ended by a signal, by its deadline and by its caller', async () => {
  assert.equal((await runCommand('/bin/sh', ['-c', 'kill -15 $$'])).code, 143)
  await assert.rejects(runCommand('/bin/sleep', ['1000'], { timeoutMs: 20 }), {
    kind: 'deadline_exceeded',
  })
  const abort = new AbortController()
  const running = runCommand('/bin/sleep', ['1000'], { signal: abort.signal })
  abort.abort()
  await assert.rejects(running, { kind: 'cancelled' })
})

test('a program that is not there is an error, and leaves nothing', async () => {
  const open = readdirSync('/proc/self/fd').length
  await assert.rejects(runCommand('/no/such/program', []), { kind: 'not_found', errno: 'ENOENT' })
  await assert.rejects(runCommand('/bin/echo', ['a\0b']), { kind: 'invalid_argument' })
  assert.equal(readdirSync('/proc/self/fd').length, open)
})

test('descriptors keep their places when source and target numbers cross', async () => {
  const pipes = [openPipe(), openPipe()]
  const [first, second] = pipes
  assert.ok(first && second)
  const child = startProcess({
    path: '/bin/sh',
    args: ['-c', 'echo three >&3; echo four >&4'],
    env: [],
    descriptors: ['null', 'null', 'null', second.writeFd, first.writeFd],
  })
  for (const { writeFd } of pipes) closeDescriptor(writeFd)
  const [four, three] = await Promise.all(pipes.map(({ readFd }) => read(readFd)))
  assert.deepEqual([three, four], ['three\n', 'four\n'])
  assert.deepEqual(await child.exited, { code: 0 })
})

async function read(fd: number): Promise<string> {
  let text = ''
  for await (const chunk of openPipeReader(fd)) text += String(chunk)
  return text
}

test('a program that prints without end is ended', async () => {
  await assert.rejects(runCommand('/usr/bin/yes', []), { kind: 'resource_exhausted' })
})
