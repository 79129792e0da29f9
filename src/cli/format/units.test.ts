import assert from 'node:assert/strict'
import test from 'node:test'
import {
  formatBinarySize,
  formatDuration,
  formatSize,
  parseBinarySize,
  parseDuration,
} from '#cli/format/units.ts'

test('formatSize() scales by 1000', () => {
  assert.deepEqual(
    [0, 999, 1000, 12_345_678, 4_261_550, 1e15].map((size) => formatSize(size)),
    ['0B', '999B', '1kB', '12.35MB', '4.262MB', '1PB'],
  )
  assert.equal(formatSize(4_261_550, 3), '4.26MB')
})

test('formatBinarySize() scales by 1024', () => {
  assert.equal(formatBinarySize(2_054_500_000), '1.913GiB')
  assert.equal(formatBinarySize(1023), '1023B')
})

test('parseBinarySize() reads sizes with and without suffix', () => {
  const cases: Readonly<Record<string, number>> = {
    '0': 0,
    '512': 512,
    '1k': 1024,
    '512m': 536_870_912,
    '1.5g': 1_610_612_736,
    '64KB': 65_536,
    '1GiB': 1_073_741_824,
    '10 mb': 10_485_760,
  }
  for (const [text, size] of Object.entries(cases)) assert.equal(parseBinarySize(text), size, text)
  for (const text of ['', 'x', '-1', '1x', '1.m']) {
    assert.throws(() => parseBinarySize(text), { message: `invalid size: '${text}'` }, text)
  }
})

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
