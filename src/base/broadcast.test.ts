import assert from 'node:assert/strict'
import test from 'node:test'
import { createBroadcast } from '#base/broadcast.ts'

test('a subscriber sees what was published since subscribe(), not since the first read', async () => {
  const broadcast = createBroadcast<number>(10)
  const abort = new AbortController()
  broadcast.publish(0)
  const values = broadcast.subscribe(abort.signal)
  broadcast.publish(1)
  broadcast.publish(2)
  const seen: number[] = []
  for await (const value of values) {
    seen.push(value)
    if (value === 2) broadcast.publish(3)
    if (value === 3) abort.abort()
  }
  assert.deepEqual(seen, [1, 2, 3])
})

test('a waiting subscriber ends when its signal aborts', async () => {
  const abort = new AbortController()
  const values = createBroadcast<number>(1).subscribe(abort.signal)[Symbol.asyncIterator]()
  const next = values.next()
  abort.abort()
  assert.equal((await next).done, true)
})

test('a reader that falls behind is cut off, others are not', async () => {
  const broadcast = createBroadcast<number>(2)
  const abort = new AbortController()
  const slow = broadcast.subscribe(abort.signal)[Symbol.asyncIterator]()
  for (const value of [1, 2, 3]) broadcast.publish(value)
  await assert.rejects(slow.next(), { kind: 'resource_exhausted' })
  const fresh = broadcast.subscribe(abort.signal)[Symbol.asyncIterator]()
  broadcast.publish(4)
  assert.deepEqual(await fresh.next(), { value: 4, done: false })
})
