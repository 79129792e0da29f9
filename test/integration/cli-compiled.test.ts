/**
 * The compiled command line, whose hijacked connections are those of its own runtime. The
 * other tests run the sources.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { startEngine } from '#test/support/engine.ts'
import { projectRoot } from '#test/support/paths.ts'

const bytes = Buffer.alloc(50_000_000, 'gantry')
const digest = createHash('sha256').update(bytes).digest('hex')

async function startTarget(t: TestContext) {
  const engine = await startEngine(t)
  await engine.loadBusybox()
  await engine.gantry(['run', '-d', '--name', 'target', 'busybox', 'sleep', '600'])
  return (args: readonly string[], input: Uint8Array = Buffer.alloc(0)) =>
    runCompiled(['--host', engine.host, ...args], input)
}

async function runCompiled(args: readonly string[], input: Uint8Array) {
  const child = spawn(`${projectRoot}/dist/gantry`, args)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  await once(child, 'close')
  return {
    code: child.exitCode,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString(),
  }
}

test('the compiled command line runs an exec: both streams, the exit code, a refusal', async (t) => {
  const gantry = await startTarget(t)
  const ended = await gantry(['exec', 'target', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
  assert.deepEqual([ended.code, String(ended.stdout), ended.stderr], [7, 'out\n', 'err\n'])
  const refused = await gantry(['exec', 'nobody', 'true'])
  assert.deepEqual(
    [refused.code, refused.stderr],
    [1, 'Error response from daemon: No such container: nobody\n'],
  )
})

test('the compiled command line carries large input and output byte by byte, and the half-close between', async (t) => {
  const gantry = await startTarget(t)
  const { stdout } = await gantry(['exec', '-i', 'target', 'sh', '-c', 'cat; echo end'], bytes)
  assert.equal(stdout.subarray(-4).toString(), 'end\n')
  assert.equal(createHash('sha256').update(stdout.subarray(0, -4)).digest('hex'), digest)
})
