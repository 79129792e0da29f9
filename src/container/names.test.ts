import assert from 'node:assert/strict'
import test from 'node:test'
import { checkedName, randomName } from '#container/names.ts'

test('wished names lose their slash and keep the rules', () => {
  assert.equal(checkedName('/web-1'), 'web-1')
  for (const name of ['a', '-a', 'a b', 'ä1', '']) {
    assert.throws(() => checkedName(name), {
      kind: 'invalid_argument',
      message: `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    })
  }
})

test('random names are valid, and a crowded table still gives one', () => {
  assert.match(
    randomName(() => false),
    /^[a-z]+_[a-z]+$/,
  )
  const numbered = randomName((name) => !/\d/.test(name))
  assert.match(numbered, /^[a-z]+_[a-z]+\d+$/)
  assert.equal(checkedName(numbered), numbered)
})
