import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createPieces } from '#runtime/pieces.ts'

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), setImmediate(false)])
}

test('neighbours in one buffer leave as one piece, others apart', async () => {
  const pieces = createPieces()
  const slab = Buffer.from('one two')
  pieces.push(slab.subarray(0, 3))
  pieces.push(slab.subarray(3))
  pieces.push(Buffer.from('three'))
  pieces.finish()
  const read = []
  for await (const piece of pieces) read.push(Buffer.from(piece).toString())
  assert.deepEqual(read, ['one two', 'three'])
})

test('output counts as taken when its reader comes back after the last piece', async () => {
  const pieces = createPieces()
  pieces.push(Buffer.from('last words'))
  pieces.finish()
  const reader = pieces[Symbol.asyncIterator]()
  assert.equal((await reader.next()).done, false)
  assert.equal(await isSettled(pieces.taken), false)
  assert.equal((await reader.next()).done, true)
  assert.equal(await isSettled(pieces.taken), true)
})

test('a reader that is behind stops the writer until it has caught up', async () => {
  const pieces = createPieces()
  let resumed = 0
  pieces.onRoom(() => resumed++)
  assert.equal(pieces.push(Buffer.alloc(1024 * 1024)), true)
  assert.equal(pieces.push(Buffer.alloc(1)), false)
  const reader = pieces[Symbol.asyncIterator]()
  await reader.next()
  assert.equal(resumed, 1)
  assert.equal(pieces.push(Buffer.alloc(1)), true)
})

test('who wants no more leaves nothing behind and stops nobody', async () => {
  const pieces = createPieces()
  pieces.push(Buffer.alloc(10))
  pieces.discard()
  await pieces.taken
  assert.equal(pieces.push(Buffer.alloc(2 * 1024 * 1024)), true)
  for await (const piece of pieces) assert.fail(`a piece of ${piece.length} bytes`)
})
