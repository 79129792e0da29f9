import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '#test/support/engine.ts'

test('an engine starts, runs a container and leaves nothing behind', async (t) => {
  const engine = await startEngine(t)
  const { stdout, stderr, code } = await engine.docker(['run', '--rm', 'busybox', 'echo', 'hi'])
  assert.deepEqual({ stdout, stderr, code }, { stdout: 'hi\n', stderr: '', code: 0 })
})
