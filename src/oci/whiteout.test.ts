import assert from 'node:assert/strict'
import test from 'node:test'
import { formatWhiteout, parseWhiteout } from '#oci/whiteout.ts'

test('parseWhiteout() classifies names', () => {
  const cases = {
    file: { type: 'none' },
    '.wha': { type: 'none' },
    '.wh.file': { type: 'remove', name: 'file' },
    '.wh..hidden': { type: 'remove', name: '.hidden' },
    '.wh..wh..opq': { type: 'opaque' },
    '.wh..wh.plnk': { type: 'metadata' },
    '.wh.': { type: 'invalid' },
    '.wh..': { type: 'invalid' },
    '.wh...': { type: 'invalid' },
  }
  for (const [name, expected] of Object.entries(cases)) {
    assert.deepEqual(parseWhiteout(name), expected, name)
  }
})

test('formatWhiteout() is what parseWhiteout() reads', () => {
  assert.deepEqual(parseWhiteout(formatWhiteout('x')), { type: 'remove', name: 'x' })
})
