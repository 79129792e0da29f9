import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { readLogs } from '#runtime/logs/read.ts'
import { recordBytes } from '#runtime/logs/record.ts'

function line(text: string): string {
  return `2026-11-24T02:41:43.889005944+00:00 stdout F ${text}\n`
}

function logDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-logs-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

function rotate(logPath: string, text: string): void {
  renameSync(`${logPath}.1`, `${logPath}.2`)
  renameSync(logPath, `${logPath}.1`)
  writeFileSync(logPath, line(text))
}

function openFiles(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
    } catch {
      return false
    }
  }).length
}

test('a follower that was held up over several rotations misses nothing and holds only what it needs', async (t) => {
  const directory = logDirectory(t)
  const logPath = join(directory, 'log')
  writeFileSync(`${logPath}.1`, line('old'))
  writeFileSync(logPath, line('first'))
  const ended = Promise.withResolvers<void>()
  const options = { logPath, stdout: true, stderr: true, follow: ended.promise }
  const seen: string[] = []
  for await (const records of readLogs(options, new AbortController().signal)) {
    seen.push(...records.map((record) => String(recordBytes(record)).trim()))
    if (seen.at(-1) === 'first') {
      appendFileSync(logPath, line('last of the first'))
      rotate(logPath, 'second')
      rotate(logPath, 'third')
    }
    if (seen.at(-1) === 'third') {
      assert.ok(openFiles(directory) <= 2, `${openFiles(directory)} files are open`)
      ended.resolve()
    }
  }
  assert.deepEqual(seen, ['old', 'first', 'last of the first', 'second', 'third'])
  assert.equal(openFiles(directory), 0)
})

test('a follower whose signal has aborted already does not wait', async (t) => {
  const logPath = join(logDirectory(t), 'log')
  writeFileSync(logPath, line('one'))
  const follow = new Promise(() => undefined)
  const records = readLogs({ logPath, stdout: true, stderr: true, follow }, AbortSignal.abort())
  await assert.rejects(records.next(), { kind: 'cancelled' })
})
