import assert from 'node:assert/strict'
import test from 'node:test'
import { createSyncBatch } from '#store/sync-batch.ts'

test('calls during a running sync share the next one', async () => {
  const runs: PromiseWithResolvers<void>[] = []
  const sync = createSyncBatch(3, () => {
    const run = Promise.withResolvers<void>()
    runs.push(run)
    return run.promise
  })
  const settled: string[] = []
  const first = sync().then(() => settled.push('first'))
  const second = sync().then(() => settled.push('second'))
  const third = sync().then(() => settled.push('third'))
  assert.equal(runs.length, 1)
  runs[0]?.resolve()
  await first
  assert.deepEqual(settled, ['first'])
  assert.equal(runs.length, 2)
  runs[1]?.resolve()
  await Promise.all([second, third])
  assert.equal(runs.length, 2)
})

test('a failed sync fails its callers and not the next', async () => {
  const outcomes = [Promise.reject(new Error('EIO')), Promise.resolve()]
  const sync = createSyncBatch(3, () => outcomes.shift() ?? Promise.resolve())
  const first = sync()
  const second = sync()
  await assert.rejects(first, /EIO/)
  await second
})
