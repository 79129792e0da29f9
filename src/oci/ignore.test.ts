import assert from 'node:assert/strict'
import test from 'node:test'
import { globToRegExp } from '#oci/glob.ts'
import { createIgnoreMatcher, parseIgnoreFile } from '#oci/ignore.ts'

test('globs follow Go: stars stop at slashes, classes and escapes work', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*', 'a/b', false],
    ['a*c', 'abbc', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['[\\]]', ']', true],
    ['a.c', 'abc', false],
    ['*.ts', '.ts', true],
  ]
  for (const [pattern, path, expected] of cases) {
    assert.equal(globToRegExp(pattern).test(path), expected, `${pattern} ~ ${path}`)
  }
})

test('malformed globs are refused', () => {
  for (const pattern of ['[', '[a', 'a\\']) {
    assert.throws(() => globToRegExp(pattern), { kind: 'invalid_argument' })
  }
})

test('an ignore file is read as Docker reads it', () => {
  const text = '\uFEFF# comment\n\n  node_modules/  \n/dist\n!dist/keep\n./a/../b\n'
  assert.deepEqual(parseIgnoreFile(text), ['node_modules', 'dist', '!dist/keep', 'b'])
})

test('a match of a parent directory counts, the last pattern decides', () => {
  const matcher = createIgnoreMatcher(['dist', '!dist/keep', '**/*.log', 'src/*/tmp'])
  const ignored = ['dist', 'dist/a', 'x.log', 'a/b/x.log', 'src/a/tmp', 'src/a/tmp/file']
  const kept = ['dist/keep', 'dist/keep/a', 'distant', 'src/tmp', 'a/b/x.logs']
  for (const path of ignored) assert.equal(matcher.isIgnored(path), true, path)
  for (const path of kept) assert.equal(matcher.isIgnored(path), false, path)
})

test('only directories that an exception may reach are walked', () => {
  const matcher = createIgnoreMatcher(['*', '!src/**/keep.ts', '!docs/a'])
  assert.equal(matcher.mayContainIncluded('src'), true)
  assert.equal(matcher.mayContainIncluded('src/deep/er'), true)
  assert.equal(matcher.mayContainIncluded('docs'), true)
  assert.equal(matcher.mayContainIncluded('node_modules'), false)
})
