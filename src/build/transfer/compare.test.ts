import assert from 'node:assert/strict'
import test from 'node:test'
import { checkContextList, compareContext } from '#build/transfer/compare.ts'
import type { ContextEntry } from '#build/transfer/types.ts'

function entry(path: string, changes: Partial<ContextEntry> = {}): ContextEntry {
  const mtime = { seconds: 1, nanoseconds: 0 }
  return { type: 'file', path, mode: 0o644, sizeBytes: 1, mtime, ...changes }
}

function indexOf(entries: readonly ContextEntry[]) {
  return new Map(entries.map((one) => [one.path, one]))
}

const directory = entry('d', { type: 'directory', sizeBytes: 0 })
const kept = [directory, entry('d/a'), entry('d/b'), entry('top')]

test('a list that is known needs nothing', () => {
  assert.deepEqual(compareContext(indexOf(kept), kept), { needed: [], removed: [], remade: [] })
})

test('size, mode, time and type each make a file needed, and its directory described again', () => {
  const changes: readonly Partial<ContextEntry>[] = [
    { sizeBytes: 2 },
    { mode: 0o755 },
    { mtime: { seconds: 1, nanoseconds: 1 } },
  ]
  for (const change of changes) {
    const list = [directory, entry('d/a'), entry('d/b', change), entry('top')]
    assert.deepEqual(compareContext(indexOf(kept), list), {
      needed: [2],
      removed: [],
      remade: [directory],
    })
  }
  const link = entry('d/b', { type: 'symlink', linkPath: 'a' })
  assert.deepEqual(compareContext(indexOf(kept), [directory, entry('d/a'), link, entry('top')]), {
    needed: [],
    removed: ['d/b'],
    remade: [directory, link],
  })
})

test('what is not listed any more is removed', () => {
  const { removed, remade } = compareContext(indexOf(kept), [directory, entry('d/a')])
  assert.deepEqual([removed, remade], [['d/b', 'top'], [directory]])
})

test('a hard link is made again when its file is', () => {
  const link = entry('z', { type: 'hardlink', linkPath: 'top', sizeBytes: 0 })
  const known = indexOf([...kept, link])
  const list = [directory, entry('d/a'), entry('d/b'), entry('top', { sizeBytes: 9 }), link]
  assert.deepEqual(compareContext(known, list).needed, [3, 4])
})

test('a list names nothing outside, nothing twice, and parents first', () => {
  const wrong: readonly (readonly [readonly ContextEntry[], RegExp])[] = [
    [[entry('../x')], /"\.\.\/x" leaves the context/],
    [[entry('/x')], /leaves the context/],
    [[entry('a/../../x')], /leaves the context/],
    [[entry('d/a'), directory], /"d\/a" is in no directory/],
    [[entry('l', { type: 'symlink', linkPath: '/etc' }), entry('l/x')], /is in no directory/],
    [[entry('a'), entry('a')], /"a" is listed twice/],
    [[entry('h', { type: 'hardlink', linkPath: 'gone' })], /"h" links to no file/],
  ]
  for (const [entries, message] of wrong) {
    assert.throws(() => checkContextList(entries), { kind: 'invalid_argument', message })
  }
  checkContextList(kept)
})
