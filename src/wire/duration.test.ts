import assert from 'node:assert/strict'
import test from 'node:test'
import { formatDuration, parseDuration } from '#wire/duration.ts'

test('formatDuration() rounds in words', () => {
  const minute = 60_000
  const hour = 60 * minute
  const cases: readonly (readonly [number, string])[] = [
    [999, 'Less than a second'],
    [1999, '1 second'],
    [59_999, '59 seconds'],
    [minute, 'About a minute'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [hour + 29 * minute, 'About an hour'],
    [hour + 30 * minute, '2 hours'],
    [47 * hour, '47 hours'],
    [48 * hour, '2 days'],
    [24 * 14 * hour, '2 weeks'],
    [24 * 60 * hour, '2 months'],
    [24 * 365 * 2 * hour, '2 years'],
  ]
  for (const [millis, text] of cases) assert.equal(formatDuration(millis), text, String(millis))
})

test('parseDuration() reads Go durations', () => {
  assert.equal(parseDuration('1h30m'), 5_400_000_000_000)
  assert.equal(parseDuration('1.5s'), 1_500_000_000)
  assert.equal(parseDuration('300ms'), 300_000_000)
  assert.equal(parseDuration('0'), 0)
  assert.equal(parseDuration('-2us'), -2000)
  assert.throws(() => parseDuration('30'), { message: 'time: missing unit in duration "30"' })
  assert.throws(() => parseDuration('x'), { message: 'time: invalid duration "x"' })
})
