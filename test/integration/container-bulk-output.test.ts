import assert from 'node:assert/strict'
import { createHash, randomFillSync, type Hash } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { startEngine, type TestEngine } from '#test/support/engine.ts'
import { createStdcopyDecoder } from '#wire/stdcopy.ts'

const totalBytes = 200 * 1024 * 1024
const pieceBytes = 1024 * 1024
/** What the engine may grow by while all of it goes through: a small part of what goes through. */
const allowedGrowthBytes = 96 * 1024 * 1024

test('200 MB come out of attach and of logs as they went in, through bounded memory', async (t) => {
  const folder = mkdtempSync('/tmp/bulk-')
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const expected = writeRandomFile(join(folder, 'bytes'))
  const engine = await startEngine(t)
  const { containers } = engine.client
  await containers.create(
    { Image: 'busybox', Cmd: ['cat', '/in/bytes'], HostConfig: { Binds: [`${folder}:/in:ro`] } },
    { name: 'bulk' },
  )
  const before = startPeak(engine)
  {
    using attached = await containers.attach('bulk', { stdout: true, stderr: true, stream: true })
    const digest = digestOfStdout(attached.output)
    await containers.start('bulk')
    assert.equal(await digest, expected, 'attach')
  }
  const attachGrowth = peakBytes(engine) - before
  const { chunks } = await containers.logs('bulk', { stdout: true, stderr: true })
  assert.equal(await digestOfStdout(chunks), expected, 'logs')
  const growth = peakBytes(engine) - before
  t.diagnostic(`engine grew by ${attachGrowth >> 20} MiB at attach, ${growth >> 20} MiB with logs`)
  assert.ok(growth < allowedGrowthBytes, `the engine grew by ${growth} bytes`)
})

/** Random bytes: lines of every length, some far longer than a record of the log, and no line at the end. */
function writeRandomFile(path: string): string {
  const hash = createHash('sha256')
  const fd = openSync(path, 'w')
  const piece = Buffer.alloc(pieceBytes)
  for (let written = 0; written < totalBytes; written += pieceBytes) {
    randomFillSync(piece)
    // A stretch without any line end, several records long.
    piece.subarray(0, 64 * 1024).fill(0x61)
    hash.update(piece)
    writeSync(fd, piece)
  }
  closeSync(fd)
  return hash.digest('hex')
}

async function digestOfStdout(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash: Hash = createHash('sha256')
  const decoder = createStdcopyDecoder()
  for await (const chunk of chunks) {
    for (const { stream, bytes } of decoder.decode(chunk)) {
      assert.equal(stream, 'stdout')
      hash.update(bytes)
    }
  }
  return hash.digest('hex')
}

/** Begins a new peak of the engine's resident memory and gives what it is now. */
function startPeak(engine: TestEngine): number {
  writeFileSync(`/proc/${engine.pid()}/clear_refs`, '5')
  return peakBytes(engine)
}

function peakBytes(engine: TestEngine): number {
  const status = readFileSync(`/proc/${engine.pid()}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
