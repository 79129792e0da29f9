import assert from 'node:assert/strict'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import { createCommitChain, type ExtractedLayer } from '#image/commit-chain.ts'

function recorder() {
  const calls: string[] = []
  const layer = (name: string, failure?: Error): ExtractedLayer => ({
    async commit() {
      calls.push(`commit ${name}`)
      if (failure) throw failure
    },
    async abort() {
      calls.push(`abort ${name}`)
    },
  })
  return { calls, layer }
}

test('layers are committed parent first whatever the order they arrive in', async () => {
  const { calls, layer } = recorder()
  const chain = createCommitChain(3)
  for (const index of [2, 0, 1]) chain.add(index, layer(String(index)))
  await chain.close()
  chain.check()
  assert.deepEqual(calls, ['commit 0', 'commit 1', 'commit 2'])
})

test('a layer whose parent never came is dropped', async () => {
  const { calls, layer } = recorder()
  const chain = createCommitChain(3)
  chain.add(2, layer('2'))
  chain.add(0, layer('0'))
  await chain.close()
  assert.deepEqual(calls, ['commit 0', 'abort 2'])
})

test('the failure of a commit is told and drops those above', async () => {
  const { calls, layer } = recorder()
  const chain = createCommitChain(2)
  chain.add(0, layer('0', new EngineError('resource_exhausted', 'full')))
  chain.add(1, layer('1'))
  await chain.close()
  assert.throws(() => chain.check(), { message: 'full' })
  assert.deepEqual(calls, ['commit 0', 'abort 1'])
})
