import assert from 'node:assert/strict'
import test from 'node:test'
import { parseMode } from '#sys/trees/modes.ts'

const cases: readonly [text: string, mode: number, isDirectory: boolean, expected: number][] = [
  ['755', 0o600, false, 0o755],
  ['4711', 0o600, false, 0o4711],
  ['u=rwX,go=rX', 0o600, false, 0o644],
  ['u=rwX,go=rX', 0o700, false, 0o755],
  ['u=rwX,go=rX', 0o600, true, 0o755],
  ['+x', 0o644, false, 0o755],
  ['a-w', 0o666, false, 0o444],
  ['go=', 0o777, false, 0o700],
  ['g=u', 0o750, false, 0o770],
  ['u+s,g+s,+t', 0o755, false, 0o7755],
  ['u=rw,g=r,o=', 0o777, false, 0o640],
]

for (const [text, mode, isDirectory, expected] of cases) {
  test(`${text} of ${isDirectory ? 'a directory' : 'a file'} with ${mode.toString(8)}`, () => {
    assert.equal(parseMode(text)({ mode, isDirectory }).toString(8), expected.toString(8))
  })
}

test('what is no mode is refused', () => {
  for (const text of ['', 'u', 'u=q', '999', 'rwx', 'u=rw;g=r']) {
    assert.throws(() => parseMode(text), { message: /^invalid chmod parameter: '.*'/ })
  }
})
