import assert from 'node:assert/strict'
import test from 'node:test'
import { hostnameFile, hostsFile, isResolvedStub, resolvConf } from '#network/files.ts'

const plain = { hostname: 'abc', addresses: ['172.17.0.2'], extraHosts: [] }
const noOverrides = { servers: [], search: [], options: [] }

test('/etc/hosts holds loopback, extra hosts and the own name', () => {
  assert.equal(
    hostsFile({
      ...plain,
      domainname: 'example.org',
      extraHosts: ['db:10.0.0.7', 'gw=host-gateway', 'six:[fd00::7]', 'v6:fd00::8'],
      hostGateway: '172.17.0.1',
    }),
    '127.0.0.1\tlocalhost\n' +
      '10.0.0.7\tdb\n' +
      '172.17.0.1\tgw\n' +
      'fd00::7\tsix\n' +
      'fd00::8\tv6\n' +
      '172.17.0.2\tabc.example.org abc\n',
  )
})

test('IPv6 names appear only where there is IPv6', () => {
  assert.match(hostsFile({ ...plain, hasIpv6: true }), /^::1\tlocalhost ip6-localhost/m)
  assert.doesNotMatch(hostsFile(plain), /::/)
})

test('in the network of the host its own file is the base', () => {
  const base = '127.0.0.1 localhost\n10.1.1.1 printer'
  const text = hostsFile({ hostname: 'h', addresses: [], extraHosts: ['a:10.0.0.1'], base })
  assert.equal(text, `${base}\n10.0.0.1\ta\n`)
})

test('an extra host that is not name and address is refused', () => {
  assert.throws(() => hostsFile({ ...plain, extraHosts: ['db:nowhere'] }), {
    kind: 'invalid_argument',
    message: 'invalid IP address in add-host: "nowhere"',
  })
  for (const extraHost of ['db', 'db:', ':10.0.0.1', 'd b:10.0.0.1']) {
    assert.throws(() => hostsFile({ ...plain, extraHosts: [extraHost] }), {
      kind: 'invalid_argument',
      message: `bad format for add-host: "${extraHost}"`,
    })
  }
  assert.throws(() => hostsFile({ ...plain, extraHosts: ['db:nowhere'] }), {
    message: 'invalid IP address in add-host: "nowhere"',
  })
  assert.throws(() => hostsFile({ ...plain, extraHosts: ['db:host-gateway'] }), {
    message: 'unable to derive the IP value for host-gateway',
  })
})

test('/etc/hostname is one line', () => {
  assert.equal(hostnameFile('abc'), 'abc\n')
})

test('servers on the loopback of the host, and IPv6 ones without IPv6, are left out', () => {
  const hostText =
    '# made by hand\nnameserver 127.0.0.53\nnameserver 10.0.0.53\nnameserver fe80::1%eth0\n' +
    'search lan example.org\noptions ndots:2 edns0\n'
  assert.equal(
    resolvConf({ hostText, ...noOverrides }),
    'nameserver 10.0.0.53\nsearch lan example.org\noptions ndots:2 edns0\n',
  )
  assert.equal(
    resolvConf({ hostText, ...noOverrides, keepsLoopback: true }).split('\n')[0],
    'nameserver 127.0.0.53',
  )
  assert.match(resolvConf({ hostText, ...noOverrides, hasIpv6: true }), /fe80::1%eth0/)
})

test('without a usable server the servers of last resort are named', () => {
  assert.equal(
    resolvConf({ hostText: 'nameserver ::1\n', ...noOverrides }),
    'nameserver 8.8.8.8\nnameserver 8.8.4.4\n',
  )
})

test('each override replaces the lines of its kind; a single dot empties the search list', () => {
  const hostText = 'nameserver 10.0.0.53\nsearch lan\noptions ndots:2\n'
  assert.equal(
    resolvConf({ hostText, servers: ['1.1.1.1', '::1'], search: ['a', 'b'], options: ['rotate'] }),
    'nameserver 1.1.1.1\nnameserver ::1\nsearch a b\noptions rotate\n',
  )
  assert.equal(
    resolvConf({ hostText, ...noOverrides, search: ['.'] }),
    'nameserver 10.0.0.53\noptions ndots:2\n',
  )
})

test('a file that names only the stub of systemd-resolved is recognised', () => {
  assert.ok(isResolvedStub('nameserver 127.0.0.53\noptions edns0\n'))
  assert.ok(!isResolvedStub('nameserver 127.0.0.53\nnameserver 10.0.0.1\n'))
  assert.ok(!isResolvedStub(''))
})
