import assert from 'node:assert/strict'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import { createWaitRegistry } from '#container/wait.ts'

test('each condition settles at its own moment', async () => {
  const waits = createWaitRegistry()
  const { signal } = new AbortController()
  const settled: string[] = []
  const watch = (name: string, promise: Promise<{ code: number }>) =>
    promise.then(({ code }) => settled.push(`${name} ${code}`))
  const all = Promise.all([
    watch('next-exit', waits.register('a', 'next-exit', signal)),
    watch('not-running', waits.register('a', 'not-running', signal)),
    watch('removed', waits.register('a', 'removed', signal)),
    watch('other', waits.register('b', 'next-exit', signal)),
  ])
  waits.exited('a', { code: 7 })
  await new Promise(setImmediate)
  assert.deepEqual(settled, ['next-exit 7', 'not-running 7'])
  waits.removed('a', { code: 7 })
  waits.exited('b', { code: 0 })
  await all
  assert.deepEqual(settled.slice(2), ['removed 7', 'other 0'])
})

test('an abandoned wait rejects with its reason and is forgotten', async () => {
  const waits = createWaitRegistry()
  const abort = new AbortController()
  const waiting = waits.register('a', 'removed', abort.signal)
  abort.abort(new EngineError('cancelled', 'client is gone'))
  await assert.rejects(waiting, { kind: 'cancelled', message: 'client is gone' })
  waits.removed('a', { code: 0 })
  await assert.rejects(waits.register('a', 'removed', abort.signal), { kind: 'cancelled' })
})
