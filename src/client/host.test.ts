import assert from 'node:assert/strict'
import test from 'node:test'
import { parseHost } from '#client/host.ts'

test('parseHost() reads every form of address', () => {
  const tcp = { type: 'tcp', basePath: '' }
  const cases: readonly (readonly [string, object])[] = [
    ['unix:///run/gantry/gantry.sock', { type: 'unix', path: '/run/gantry/gantry.sock' }],
    ['tcp://10.0.0.1:2376', { ...tcp, hostname: '10.0.0.1', port: 2376 }],
    ['tcp://host', { ...tcp, hostname: 'host', port: 2375 }],
    ['tcp://:2375', { ...tcp, hostname: '127.0.0.1', port: 2375 }],
    ['tcp://[::1]:99/base/', { type: 'tcp', hostname: '::1', port: 99, basePath: '/base' }],
    ['https://host:1', { ...tcp, hostname: 'host', port: 1 }],
  ]
  for (const [text, expected] of cases) assert.deepEqual(parseHost(text), expected, text)
})

test('parseHost() refuses what it cannot reach', () => {
  for (const text of [
    '',
    '/run/x.sock',
    'unix://x',
    'npipe:////./pipe',
    'tcp://a:b',
    'tcp://a:99999',
  ]) {
    assert.throws(() => parseHost(text), { kind: 'invalid_argument' }, text)
  }
})
