import assert from 'node:assert/strict'
import test from 'node:test'
import { createDetachFilter, parseDetachKeys } from '#cli/terminal/detach-keys.ts'

function feed(keys: string, ...chunks: readonly string[]) {
  const filter = createDetachFilter(parseDetachKeys(keys))
  let forwarded = ''
  for (const chunk of chunks) {
    const { forward, isDetached } = filter.read(Buffer.from(chunk, 'latin1'))
    forwarded += Buffer.from(forward).toString('latin1')
    if (isDetached) return { forwarded, isDetached }
  }
  return { forwarded, isDetached: false }
}

test('parseDetachKeys() reads control keys and letters', () => {
  assert.deepEqual(parseDetachKeys(''), Uint8Array.of(16, 17))
  assert.deepEqual(parseDetachKeys('ctrl-a,ctrl-@,ctrl-[,x'), Uint8Array.of(1, 0, 27, 120))
  assert.throws(() => parseDetachKeys('ctrl-p,shift-q'), { kind: 'invalid_argument' })
})

test('the filter finds the sequence across chunks', () => {
  assert.deepEqual(feed('', 'ab\x10\x11cd'), { forwarded: 'ab', isDetached: true })
  assert.deepEqual(feed('', 'a', '\x10', '\x11'), { forwarded: 'a', isDetached: true })
  assert.deepEqual(feed('x', 'abxc'), { forwarded: 'ab', isDetached: true })
})

test('the filter gives held keys back when the sequence breaks', () => {
  assert.deepEqual(feed('', '\x10', 'a'), { forwarded: '\x10a', isDetached: false })
  assert.deepEqual(feed('', '\x10\x10\x11'), { forwarded: '\x10', isDetached: true })
  assert.deepEqual(feed('ctrl-a,b,c', '\x01bd'), { forwarded: '\x01bd', isDetached: false })
})
