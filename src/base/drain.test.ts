import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import test from 'node:test'
import { drained } from '#base/drain.ts'

function slowStream() {
  const pending: (() => void)[] = []
  const stream = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => void pending.push(done),
  })
  return { stream, pending }
}

test('drained() waits for room and leaves no listener behind', async () => {
  const { stream, pending } = slowStream()
  stream.write('full')
  const waiting = drained(stream)
  pending.shift()?.()
  await waiting
  assert.deepEqual([stream.listenerCount('drain'), stream.listenerCount('close')], [0, 0])
})

test('drained() does not wait for ever for a stream that is destroyed', async () => {
  const { stream } = slowStream()
  stream.write('full')
  const waiting = drained(stream)
  stream.destroy()
  await waiting
  await drained(stream)
  assert.equal(stream.listenerCount('drain'), 0)
})
