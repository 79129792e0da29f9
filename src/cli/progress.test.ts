import assert from 'node:assert/strict'
import test from 'node:test'
import { createProgressScreen, formatBar } from '#cli/progress.ts'

const lines = [
  { status: 'Pulling from library/busybox', id: 'latest' },
  { status: 'Downloading', id: 'aaa', progressDetail: { current: 1_000_000, total: 2_000_000 } },
  { status: 'Waiting', id: 'bbb', progressDetail: {} },
  { status: 'Download complete', id: 'aaa', progressDetail: {} },
  { status: 'Status: Downloaded newer image for busybox:latest' },
]

test('a screen off the terminal writes each status once and no bars', () => {
  const screen = createProgressScreen(undefined)
  assert.deepEqual(
    lines.map((line) => screen.show(line)),
    [
      'latest: Pulling from library/busybox\n',
      '',
      'bbb: Waiting\n',
      'aaa: Download complete\n',
      'Status: Downloaded newer image for busybox:latest\n',
    ],
  )
})

test('a screen on the terminal rewrites the row of a layer', () => {
  const screen = createProgressScreen(80)
  assert.deepEqual(
    lines.map((line) => screen.show(line)),
    [
      '\u001b[2K\rlatest: Pulling from library/busybox\n',
      '\u001b[2K\raaa: Downloading      1MB/2MB\n',
      '\u001b[2K\rbbb: Waiting\n',
      '\u001b[2A\u001b[2K\raaa: Download complete\r\u001b[2B',
      'Status: Downloaded newer image for busybox:latest\n',
    ],
  )
})

test('formatBar() fills fifty columns on a wide terminal', () => {
  assert.equal(
    formatBar(12_300_000, 24_600_000, 120),
    `[${'='.repeat(25)}>${' '.repeat(25)}]   12.3MB/24.6MB`,
  )
  assert.equal(formatBar(5000, 0, 120), '     5kB')
})
