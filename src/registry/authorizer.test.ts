import assert from 'node:assert/strict'
import test from 'node:test'
import { tokenRequest } from '#registry/authorizer.ts'
import { createInsecureCheck } from '#registry/hosts.ts'

function requestFor(realm: string, origin: string) {
  const challenges = [{ scheme: 'bearer', parameters: { realm, service: 's' } }]
  const options = { origin: new URL(origin), challenges, scopes: ['x'] }
  return tokenRequest(options, createInsecureCheck([]))
}

test('the realm of a registry may be another host, over https', () => {
  assert.equal(
    requestFor('https://auth.example/t', 'https://r.example')?.realm.host,
    'auth.example',
  )
})

test('credentials are not sent in the clear on the word of a registry', () => {
  for (const [realm, origin] of [
    ['http://auth.example/t', 'https://r.example'],
    ['http://127.0.0.1/t', 'https://r.example'],
    ['http://auth.example/t', 'http://127.0.0.1:5000'],
  ] as const) {
    assert.throws(() => requestFor(realm, origin), { kind: 'permission_denied' }, realm)
  }
  assert.ok(requestFor('http://127.0.0.1:1/t', 'http://127.0.0.1:5000'))
})

test('a realm that is no URL is refused', () => {
  for (const realm of ['', 'nope', 'file:///etc/passwd']) {
    assert.throws(() => requestFor(realm, 'https://r.example'), { kind: 'unavailable' }, realm)
  }
})
