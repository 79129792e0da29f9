import assert from 'node:assert/strict'
import test from 'node:test'
import { createDetachMatcher, defaultDetachKeys, parseDetachKeys } from '#wire/detach-keys.ts'

test('detach keys are read by name, and rubbish is refused', () => {
  assert.deepEqual(parseDetachKeys('ctrl-p,ctrl-q'), defaultDetachKeys)
  assert.deepEqual([...parseDetachKeys('a,ctrl-[,ctrl-_')], [97, 27, 31])
  for (const text of ['', 'ctrl-', 'ctrl-1', 'ab', 'ctrl-p,shift-q', 'é']) {
    assert.throws(() => parseDetachKeys(text), /Invalid detach keys/)
  }
})

test('a started detach sequence is held back and given on when it breaks', () => {
  const matcher = createDetachMatcher(defaultDetachKeys)
  const feed = (...bytes: readonly number[]) => {
    const { bytes: kept, isDetached } = matcher.feed(Uint8Array.from(bytes))
    return [[...kept], isDetached]
  }
  assert.deepEqual(feed(1, 16), [[1], false])
  assert.deepEqual(feed(2), [[16, 2], false])
  assert.deepEqual(feed(16, 16), [[16], false])
  assert.deepEqual(feed(17, 5), [[], true])
})

test('a sequence that breaks late gives on all that was held back', () => {
  const matcher = createDetachMatcher(parseDetachKeys('ctrl-a,b,c'))
  const { bytes, isDetached } = matcher.feed(Buffer.from('\x01bd'))
  assert.deepEqual([[...bytes], isDetached], [[1, 98, 100], false])
})
