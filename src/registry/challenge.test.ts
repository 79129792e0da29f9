import assert from 'node:assert/strict'
import test from 'node:test'
import { parseChallenges } from '#registry/challenge.ts'

test('a bearer challenge gives its parameters', () => {
  assert.deepEqual(
    parseChallenges('Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"'),
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a/t', service: 's', scope: 'repository:x:pull,push' },
      },
    ],
  )
})

test('several challenges in one header are told apart', () => {
  assert.deepEqual(parseChallenges('Basic realm="a \\"quoted\\" one", Bearer Realm=plain'), [
    { scheme: 'basic', parameters: { realm: 'a "quoted" one' } },
    { scheme: 'bearer', parameters: { realm: 'plain' } },
  ])
  assert.deepEqual(
    parseChallenges('Negotiate, Basic realm=x').map(({ scheme }) => scheme),
    ['negotiate', 'basic'],
  )
})

test('no header and nonsense are no challenge', () => {
  assert.deepEqual(parseChallenges(undefined), [])
  assert.deepEqual(parseChallenges('"""'), [])
})
