import assert from 'node:assert/strict'
import test from 'node:test'
import { cutToWidth, textWidth } from '#cli/terminal/text-width.ts'

test('wide letters take two columns, marks none', () => {
  assert.equal(textWidth('plain é ✓ →'), 11)
  assert.equal(textWidth('e\u0301'), 1)
  assert.equal(textWidth('日本語 한글 ｆ'), 14)
  assert.equal(textWidth('🚀x'), 3)
})

test('a text is cut between letters, never inside a wide one', () => {
  assert.equal(cutToWidth('日本語', 6), '日本語')
  assert.equal(cutToWidth('日本語です', 8), '日本...')
  assert.equal(cutToWidth('日本語です', 9), '日本語...')
  assert.equal(cutToWidth('abcdefgh', 6), 'abc...')
})
