import assert from 'node:assert/strict'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import { baseName, cleanPath, parentOf, rooted } from '#sys/tar/paths.ts'

test('cleanPath() takes paths from the root of the archive', () => {
  const cases = {
    'a/b': 'a/b',
    './a/./b/': 'a/b',
    '/etc/passwd': 'etc/passwd',
    '//a///b': 'a/b',
    'a/../b': 'b',
    './': '',
    '/': '',
    'a..b/..c': 'a..b/..c',
    '...': '...',
  }
  for (const [path, clean] of Object.entries(cases)) assert.equal(cleanPath(path), clean, path)
})

test('cleanPath() refuses paths that lead out', () => {
  for (const path of ['..', '../x', 'a/../../x', '/../etc/passwd', './..', 'a\0b']) {
    const isDamage = (error: unknown) => error instanceof EngineError && error.kind === 'data_loss'
    assert.throws(() => cleanPath(path), isDamage, path)
  }
})

test('parentOf(), baseName() and rooted() take clean paths apart', () => {
  assert.deepEqual([parentOf('a/b/c'), parentOf('a'), baseName('a/b')], ['a/b', '', 'b'])
  assert.equal(rooted('a/b'), '/a/b')
  assert.deepEqual(rooted('\udcff'), Buffer.of(0x2f, 0xff))
})
