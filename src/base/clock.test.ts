import assert from 'node:assert/strict'
import test from 'node:test'
import {
  formatInstant,
  formatInstantFixed,
  instantFromNanos,
  millisOf,
  now,
  parseInstant,
  secondsOf,
} from '#base/clock.ts'

test('RFC 3339 texts survive a round trip', () => {
  for (const text of [
    '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.1Z',
    '2026-01-02T03:04:05.000000001Z',
    '1969-12-31T23:59:59.5Z',
    '0001-01-01T00:00:00Z',
  ]) {
    assert.equal(formatInstant(parseInstant(text)), text)
  }
})

test('an offset is turned into UTC', () => {
  assert.equal(
    formatInstant(parseInstant('2026-01-02T03:04:05.25+02:00')),
    '2026-01-02T01:04:05.25Z',
  )
})

test('the fixed form always has nine digits', () => {
  assert.equal(
    formatInstantFixed(instantFromNanos(1_500_000_000n)),
    '1970-01-01T00:00:01.500000000Z',
  )
})

test('texts that are no time are refused', () => {
  for (const text of ['', 'yesterday', '2026-13-01T00:00:00Z', '2026-01-02 03:04:05Z']) {
    assert.throws(() => parseInstant(text), { kind: 'invalid_argument' })
  }
})

test('now() agrees with Date', () => {
  assert.ok(Math.abs(millisOf(now()) - Date.now()) < 1000)
  assert.equal(secondsOf(instantFromNanos(2_999_999_999n)), 2)
})
