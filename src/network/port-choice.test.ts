import assert from 'node:assert/strict'
import test from 'node:test'
import { choosePorts, type HoldOutcome, type PortChooser } from '#network/port-choice.ts'
import { createPortTable, type HostPort } from '#network/port-table.ts'
import type { PortRequest } from '#network/types.ts'

const nameOf = ({ protocol, hostAddress, hostPort }: HostPort) =>
  `${protocol} ${hostAddress} ${hostPort}`

/** A host on which `outcomes` says what is not free. */
function fakeHost(outcomes: Readonly<Record<string, HoldOutcome>> = {}) {
  const held = new Set<string>()
  const chooser: PortChooser = {
    tryHold(port) {
      const outcome = outcomes[nameOf(port)] ?? 'held'
      if (outcome === 'held') held.add(nameOf(port))
      return outcome
    },
    release: (port) => held.delete(nameOf(port)),
    ephemeral: { first: 100, last: 103, next: 100 },
  }
  const choose = (...requests: PortRequest[]) =>
    choosePorts(chooser, {
      requests,
      defaultAddresses: ['0.0.0.0', '::'],
      containerAddress: '172.17.0.2',
    }).map(nameOf)
  return { held, choose }
}

function request(hostPort?: number | [number, number], hostAddress?: string): PortRequest {
  const [first, last] = Array.isArray(hostPort) ? hostPort : [hostPort, hostPort]
  return {
    protocol: 'tcp',
    containerPort: 80,
    ...(first === undefined || last === undefined ? {} : { hostPort: { first, last } }),
    ...(hostAddress === undefined ? {} : { hostAddress }),
  }
}

test('without a host address the same port is taken on both families', () => {
  const { choose } = fakeHost()
  assert.deepEqual(choose(request(8080)), ['tcp 0.0.0.0 8080', 'tcp :: 8080'])
  assert.deepEqual(choose(request(8081, '127.0.0.1')), ['tcp 127.0.0.1 8081'])
})

test('a range gives its first port that is free on all addresses', () => {
  const { choose, held } = fakeHost({ 'tcp 0.0.0.0 90': 'allocated', 'tcp :: 91': 'in-use' })
  assert.deepEqual(choose(request([90, 95])), ['tcp 0.0.0.0 92', 'tcp :: 92'])
  assert.deepEqual([...held], ['tcp 0.0.0.0 92', 'tcp :: 92'])
})

test('ephemeral ports go round, each after the last', () => {
  const { choose } = fakeHost({ 'tcp :: 101': 'in-use' })
  assert.deepEqual(choose(request()), ['tcp 0.0.0.0 100', 'tcp :: 100'])
  assert.deepEqual(choose(request()), ['tcp 0.0.0.0 102', 'tcp :: 102'])
  assert.deepEqual(choose(request()), ['tcp 0.0.0.0 103', 'tcp :: 103'])
  assert.deepEqual(choose(request()), ['tcp 0.0.0.0 100', 'tcp :: 100'])
})

test('a refusal names its reason, and gives back every port of the call', () => {
  const { choose, held } = fakeHost({
    'tcp 0.0.0.0 70': 'allocated',
    'tcp :: 71': 'in-use',
    'tcp 0.0.0.0 72': 'in-use',
    'tcp 0.0.0.0 73': 'allocated',
  })
  assert.throws(() => choose(request(60), request(70)), {
    kind: 'conflict',
    message: 'Bind for 0.0.0.0:70 failed: port is already allocated',
  })
  assert.throws(() => choose(request(60), request(71)), {
    message: 'failed to bind host port for [::]:71:172.17.0.2:80/tcp: address already in use',
  })
  assert.throws(() => choose(request(60), request([72, 73])), {
    message: 'Bind for 0.0.0.0:72 failed: all ports are allocated',
  })
  assert.throws(() => choose(request(60), request(61, 'localhost')), {
    kind: 'invalid_argument',
  })
  assert.deepEqual([...held], [])
})

test('a wildcard meets every address of its family and protocol, and no other', () => {
  const table = createPortTable()
  const port = (hostAddress: string, protocol: 'tcp' | 'udp' = 'tcp') => ({
    protocol,
    hostAddress,
    hostPort: 80,
  })
  assert.ok(table.take(port('127.0.0.1')))
  assert.ok(!table.take(port('127.0.0.1')))
  assert.ok(!table.take(port('0.0.0.0')))
  assert.ok(table.take(port('10.0.0.1')))
  assert.ok(table.take(port('::')))
  assert.ok(!table.take(port('::1')))
  assert.ok(table.take(port('0.0.0.0', 'udp')))
  table.release(port('127.0.0.1'))
  table.release(port('10.0.0.1'))
  assert.ok(table.take(port('0.0.0.0')))
  assert.ok(!table.take(port('127.0.0.1')))
})
