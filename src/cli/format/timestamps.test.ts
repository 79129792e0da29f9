import assert from 'node:assert/strict'
import test from 'node:test'
import { parseTimestamp } from '#cli/format/timestamps.ts'

test('parseTimestamp() reads dates, seconds and durations', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const cases: Readonly<Record<string, string | undefined>> = {
    '': undefined,
    '1700000000': '1700000000',
    '1700000000.5': '1700000000.5',
    '2026-01-01T00:00:00Z': '1767225600.000000000',
    '2026-01-01T00:00:00.123456789Z': '1767225600.123456789',
    '2026-01-01T02:00:00+02:00': '1767225600.000000000',
    '10s': '1767225590.000000000',
    '1h30m': '1767220200.000000000',
    '1.5s': '1767225598.500000000',
  }
  for (const [text, expected] of Object.entries(cases)) {
    assert.equal(parseTimestamp(text, now), expected, text)
  }
  assert.throws(() => parseTimestamp('yesterday', now), { kind: 'invalid_argument' })
})
