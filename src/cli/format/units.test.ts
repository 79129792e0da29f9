import assert from 'node:assert/strict'
import test from 'node:test'
import { formatBinarySize, formatSize, parseBinarySize } from '#cli/format/units.ts'

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
