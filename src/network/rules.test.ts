import assert from 'node:assert/strict'
import test from 'node:test'
import { networkElements, portElements, tableText } from '#network/rules.ts'
import type { PortBinding } from '#network/types.ts'

const binding = (hostAddress: string, hostPort: number): PortBinding => ({
  protocol: 'tcp',
  containerPort: 80,
  hostAddress,
  hostPort,
})
const published = {
  containerAddress: '172.17.0.2',
  bindings: [binding('0.0.0.0', 8080), binding('127.0.0.1', 8081), binding('::', 8080)],
}

test('one container is one transaction of map elements; IPv6 bindings are not among them', () => {
  assert.equal(
    portElements('add', 't', published),
    'add element ip t published_any { tcp . 8080 : 172.17.0.2 . 80 }\n' +
      'add element ip t published_at { tcp . 127.0.0.1 . 8081 : 172.17.0.2 . 80 }',
  )
  assert.equal(portElements('add', 't', { ...published, bindings: [binding('::', 1)] }), '')
})

test('removal names exactly the keys that were added', () => {
  assert.equal(
    portElements('delete', 't', published),
    'delete element ip t published_any { tcp . 8080 }\n' +
      'delete element ip t published_at { tcp . 127.0.0.1 . 8081 }',
  )
})

test('a network without masquerading is left out of that set only', () => {
  const network = { bridge: 'br0', subnet: '172.17.0.0/16', hasMasquerade: false }
  assert.equal(
    networkElements('add', 't', network),
    'add element ip t bridges { "br0" }\n' +
      'add element ip t segments { "br0" . "br0" }\n' +
      'add element ip t subnets { 172.17.0.0/16 }',
  )
  assert.match(
    networkElements('add', 't', { ...network, hasMasquerade: true }),
    /masqueraded \{ 172\.17\.0\.0\/16 \}/,
  )
})

test('the table replaces the old one in the same text, with all elements', () => {
  const network = { bridge: 'br0', subnet: '172.17.0.0/16', hasMasquerade: true }
  const text = tableText('t', [network], [published])
  assert.ok(text.startsWith('add table ip t\ndelete table ip t\ntable ip t {\n'))
  assert.ok(text.endsWith(portElements('add', 't', published)))
  assert.ok(text.includes(networkElements('add', 't', network)))
})
