import assert from 'node:assert/strict'
import test from 'node:test'
import { parsePorts } from '#cli/create/ports.ts'

test('parsePorts() reads every form of -p', () => {
  const cases: Readonly<Record<string, object>> = {
    '80': { '80/tcp': [{ HostIp: '', HostPort: '' }] },
    '53/udp': { '53/udp': [{ HostIp: '', HostPort: '' }] },
    '8080:80': { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
    '127.0.0.1:8080:80/TCP': { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] },
    '127.0.0.1::80': { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
    '[::1]:8080:80': { '80/tcp': [{ HostIp: '::1', HostPort: '8080' }] },
    '::1:8080:80': { '80/tcp': [{ HostIp: '::1', HostPort: '8080' }] },
    '8000-8001:80-81': {
      '80/tcp': [{ HostIp: '', HostPort: '8000' }],
      '81/tcp': [{ HostIp: '', HostPort: '8001' }],
    },
    '8000-8010:80': { '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] },
    '80-81': {
      '80/tcp': [{ HostIp: '', HostPort: '' }],
      '81/tcp': [{ HostIp: '', HostPort: '' }],
    },
  }
  for (const [text, bindings] of Object.entries(cases)) {
    assert.deepEqual(parsePorts([text], []).bindings, bindings, text)
  }
})

test('parsePorts() gathers bindings of one port and exposes ranges', () => {
  assert.deepEqual(parsePorts(['1:80', '2:80'], ['90-91/udp', '80']), {
    exposed: { '80/tcp': {}, '90/udp': {}, '91/udp': {} },
    bindings: {
      '80/tcp': [
        { HostIp: '', HostPort: '1' },
        { HostIp: '', HostPort: '2' },
      ],
    },
  })
  assert.deepEqual(parsePorts([], []), { exposed: undefined, bindings: undefined })
})

test('parsePorts() refuses with the texts of Docker', () => {
  const cases: Readonly<Record<string, string>> = {
    '99999:1': 'invalid hostPort: 99999',
    '80:x': 'invalid containerPort: x',
    '80:': 'no port specified: 80:<empty>',
    '80/icmp': 'invalid proto: icmp',
    'host:80:80': 'invalid IP address: host',
    '1-3:1-2': 'invalid ranges specified for container and host Ports: 1-2 and 1-3',
  }
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(() => parsePorts([text], []), { kind: 'invalid_argument', message }, text)
  }
  assert.throws(() => parsePorts([], ['x']), {
    message:
      'invalid range format for --expose: x, error: strconv.ParseUint: parsing "x": invalid syntax',
  })
})
