import assert from 'node:assert/strict'
import test from 'node:test'
import { createInsecureCheck, endpointsOf } from '#registry/hosts.ts'

test('loopback and what is listed by name or CIDR may be insecure', () => {
  const isInsecure = createInsecureCheck(['reg.example:5000', 'plain.example', '10.1.0.0/16'])
  for (const host of [
    'localhost',
    'localhost:5000',
    '127.0.0.1:5000',
    '127.9.9.9',
    '[::1]:5000',
    'reg.example:5000',
    'REG.example:5000',
    'plain.example',
    'plain.example:8080',
    '10.1.2.3:443',
  ]) {
    assert.ok(isInsecure(host), host)
  }
  for (const host of [
    'reg.example',
    'reg.example:5001',
    '10.2.0.1',
    'localhost.example',
    '[::2]',
  ]) {
    assert.ok(!isInsecure(host), host)
  }
})

test('a list entry that is neither host nor CIDR is refused', () => {
  for (const entry of ['', '10.0.0.0/99', 'http://x/y', 'x/24']) {
    assert.throws(() => createInsecureCheck([entry]), { kind: 'invalid_argument' }, entry)
  }
})

test('endpoints are tried in order: mirrors for docker.io only, https before http', () => {
  const options = { mirrors: ['https://mirror.example'], isInsecure: createInsecureCheck([]) }
  const urls = (registry: string) =>
    endpointsOf(registry, options).map(({ baseUrl, isMirror }) => [baseUrl.origin, isMirror])
  assert.deepEqual(urls('docker.io'), [
    ['https://mirror.example', true],
    ['https://registry-1.docker.io', false],
  ])
  assert.deepEqual(urls('ghcr.io'), [['https://ghcr.io', false]])
  assert.deepEqual(urls('localhost:5000'), [
    ['https://localhost:5000', false],
    ['http://localhost:5000', false],
  ])
})
