import assert from 'node:assert/strict'
import test from 'node:test'
import { formatSignal, parseSignal } from '#sys/signals.ts'

test('signals by name, number and offset', () => {
  for (const [text, number] of [
    ['SIGTERM', 15],
    ['term', 15],
    ['9', 9],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['RTMAX-1', 63],
  ] as const) {
    assert.equal(parseSignal(text), number, text)
  }
  assert.equal(formatSignal(15), 'SIGTERM')
  assert.equal(formatSignal(37), 'SIGRTMIN+3')
})

test('what is no signal is refused', () => {
  for (const text of ['', '0', '65', 'TERMINATE', 'RTMIN-1', 'RTMAX+1', '-9']) {
    assert.throws(() => parseSignal(text), { message: `invalid signal: ${text}` }, text)
  }
})
