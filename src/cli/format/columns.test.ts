import assert from 'node:assert/strict'
import test from 'node:test'
import { alignColumns } from '#cli/format/columns.ts'

test('alignColumns() pads by three, to ten at least, and leaves the last cell free', () => {
  assert.equal(
    alignColumns('CONTAINER ID\tIMAGE\tNAMES\n0123456789ab\tbusybox:latest\tweb\n'),
    'CONTAINER ID   IMAGE            NAMES\n0123456789ab   busybox:latest   web\n',
  )
  assert.equal(alignColumns('A\tB\nx\ty\n'), 'A         B\nx         y\n')
})

test('alignColumns() ends a column where a line lacks it', () => {
  assert.equal(
    alignColumns('aaaaaaaaaaaa\tb\nplain\nc\td\n'),
    'aaaaaaaaaaaa   b\nplain\nc         d\n',
  )
})

test('alignColumns() counts characters', () => {
  assert.equal(alignColumns('äöüäöüäöüä\tb\n0123456789\tc\n'), 'äöüäöüäöüä   b\n0123456789   c\n')
})
