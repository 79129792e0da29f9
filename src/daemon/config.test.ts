import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { EngineError } from '#base/errors.ts'
import { type DaemonConfig, readCommandLine } from '#daemon/config.ts'
import { formatHelp } from '#daemon/flags.ts'
import { allSettings, fileSettings } from '#daemon/settings.ts'

function configOf(args: readonly string[]): DaemonConfig {
  const command = readCommandLine(args)
  assert.equal(command.type, 'run')
  return command.type === 'run' ? command.config : assert.fail()
}

function configFile(t: TestContext, value: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-config-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'daemon.json')
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

function refused(message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof EngineError && error.kind === 'invalid_argument' && message.test(error.message)
}

interface SettingCase {
  readonly flags: readonly string[]
  readonly key: string
  readonly json: unknown
  readonly read: (config: DaemonConfig) => unknown
  readonly expected: unknown
}

const text = (flag: string, key: string, read: (config: DaemonConfig) => unknown): SettingCase => ({
  flags: [`--${flag}`, '/a/b'],
  key,
  json: '/a/b',
  read,
  expected: '/a/b',
})

const list = (flag: string, key: string, read: (config: DaemonConfig) => unknown): SettingCase => ({
  flags: [`--${flag}=one`, `--${flag}`, 'two'],
  key,
  json: ['one', 'two'],
  read,
  expected: ['one', 'two'],
})

const words = (
  flag: string,
  [value]: readonly [string],
  read: (config: DaemonConfig) => unknown,
): SettingCase => ({ flags: [`--${flag}`, value], key: flag, json: value, read, expected: value })

/** The two values of a repeatable flag that takes not just any text. */
const pair = (flag: string, values: readonly string[]) => ({
  flags: values.map((value) => `--${flag}=${value}`),
  json: values,
  expected: values,
})

const integer = (flag: string, read: (config: DaemonConfig) => unknown): SettingCase => ({
  flags: [`--${flag}`, '7'],
  key: flag,
  json: 7,
  read,
  expected: 7,
})

const off = (flag: string, read: (config: DaemonConfig) => unknown): SettingCase => ({
  flags: [`--${flag}=false`],
  key: flag,
  json: false,
  read,
  expected: false,
})

const on = (flag: string, read: (config: DaemonConfig) => unknown): SettingCase => ({
  flags: [`--${flag}`],
  key: flag,
  json: true,
  read,
  expected: true,
})

const cases: readonly SettingCase[] = [
  list('host', 'hosts', ({ endpoints }) => endpoints.hosts),
  text('group', 'group', ({ endpoints }) => endpoints.group),
  { ...on('tls', ({ endpoints }) => endpoints.tls?.verifiesClients), expected: false },
  on('tlsverify', ({ endpoints }) => endpoints.tls?.verifiesClients),
  on('allow-insecure-tcp', ({ endpoints }) => endpoints.allowInsecureTcp),
  text('data-root', 'data-root', ({ engine }) => engine.dataRoot),
  text('exec-root', 'exec-root', ({ engine }) => engine.execRoot),
  text('pidfile', 'pidfile', ({ pidfile }) => pidfile),
  words('bridge', ['br7'], ({ engine }) => engine.bridge),
  text('bip', 'bip', ({ engine }) => engine.bip),
  {
    flags: ['--default-address-pool', 'base=10.9.0.0/16,size=24'],
    key: 'default-address-pools',
    json: [{ base: '10.9.0.0/16', size: 24 }],
    read: ({ engine }) => engine.addressPools,
    expected: [{ base: '10.9.0.0/16', size: 24 }],
  },
  { ...list('dns', 'dns', ({ engine }) => engine.dns), ...pair('dns', ['10.0.0.1', 'fd00::1']) },
  list('dns-search', 'dns-search', ({ engine }) => engine.dnsSearch),
  list('dns-opt', 'dns-opts', ({ engine }) => engine.dnsOptions),
  integer('mtu', ({ engine }) => engine.mtu),
  words('ip', ['10.9.0.7'], ({ engine }) => engine.ip),
  off('ip-forward', ({ engine }) => engine.ipForward),
  off('ip-masq', ({ engine }) => engine.ipMasquerade),
  list('insecure-registry', 'insecure-registries', ({ engine }) => engine.insecureRegistries),
  {
    ...list('registry-mirror', 'registry-mirrors', ({ engine }) => engine.registryMirrors),
    ...pair('registry-mirror', ['http://a.test:5000', 'https://b.test/x']),
  },
  integer('max-concurrent-downloads', ({ engine }) => engine.maxConcurrentDownloads),
  {
    flags: ['--log-driver', 'none'],
    key: 'log-driver',
    json: 'none',
    read: ({ engine }) => engine.logDriver,
    expected: 'none',
  },
  {
    flags: ['--log-opt', 'max-size=1m', '--log-opt=max-file=2'],
    key: 'log-opts',
    json: { 'max-size': '1m', 'max-file': '2' },
    read: ({ engine }) => engine.logOptions,
    expected: { 'max-size': '1m', 'max-file': '2' },
  },
  text('default-runtime', 'default-runtime', ({ engine }) => engine.defaultRuntime),
  {
    flags: ['--add-runtime', 'kata=/opt/kata'],
    key: 'runtimes',
    json: { kata: { path: '/opt/kata' } },
    read: ({ engine }) => engine.runtimes,
    expected: { kata: { path: '/opt/kata' } },
  },
  text('init-path', 'init-path', ({ engine }) => engine.initPath),
  text('seccomp-profile', 'seccomp-profile', ({ engine }) => engine.seccompProfile),
  text('cgroup-parent', 'cgroup-parent', ({ engine }) => engine.cgroupParent),
  { ...on('debug', ({ logLevel }) => logLevel), expected: 'debug' },
  {
    flags: ['--log-level', 'warn'],
    key: 'log-level',
    json: 'warn',
    read: ({ logLevel }) => logLevel,
    expected: 'warn',
  },
  {
    ...list('label', 'labels', ({ engine }) => engine.labels),
    ...pair('label', ['zone=a', 'disk=fast']),
  },
  off('live-restore', ({ engine }) => engine.isLiveRestore),
  integer('shutdown-timeout', ({ engine }) => engine.shutdownTimeoutS),
  {
    flags: ['--min-api-version', '1.40'],
    key: 'min-api-version',
    json: '1.40',
    read: ({ endpoints }) => endpoints.minApiVersion,
    expected: '1.40',
  },
  {
    flags: ['--exec-opt', 'native.cgroupdriver=cgroupfs'],
    key: 'exec-opts',
    json: ['native.cgroupdriver=cgroupfs'],
    read: ({ sources }) => sources.get('exec-opt') !== 'default',
    expected: true,
  },
]

const noFile = ['--config-file', '/dev/null']

for (const { flags, key, json, read, expected } of cases) {
  test(`${key} is read from its flag and from the file`, (t) => {
    assert.deepEqual(read(configOf([...noFile, ...flags])), expected)
    assert.deepEqual(read(configOf(['--config-file', configFile(t, { [key]: json })])), expected)
    assert.notDeepEqual(read(configOf(noFile)), expected)
  })
}

test('TLS files are read from their flags and from the file', (t) => {
  const flags = ['--tlscacert=/ca', '--tlscert', '/cert', '--tlskey=/key', '--tlsverify']
  const file = { tlscacert: '/ca', tlscert: '/cert', tlskey: '/key', tlsverify: true }
  const tls = { verifiesClients: true, caPath: '/ca', certPath: '/cert', keyPath: '/key' }
  assert.deepEqual(configOf([...noFile, ...flags]).endpoints.tls, tls)
  assert.deepEqual(configOf(['--config-file', configFile(t, file)]).endpoints.tls, tls)
})

test('every setting of the file has a case above', () => {
  const tested = new Set([...cases.map(({ key }) => key), 'tlscacert', 'tlscert', 'tlskey'])
  assert.deepEqual(
    fileSettings.map(({ key }) => key).filter((key) => !tested.has(key)),
    [],
  )
})

test('defaults name Gantry’s own places', () => {
  const { engine, endpoints, pidfile, sources } = configOf(noFile)
  assert.equal(engine.dataRoot, '/var/lib/gantry')
  assert.equal(engine.bridge, 'gantry0')
  assert.equal(pidfile, '/run/gantry/gantryd.pid')
  assert.deepEqual(endpoints.hosts, ['unix:///run/gantry/gantry.sock'])
  assert.deepEqual([endpoints.group, endpoints.isGroupRequired], ['docker', false])
  assert.equal(sources.get('data-root'), 'default')
})

test('each value remembers where it came from', (t) => {
  const path = configFile(t, { mtu: 1400 })
  const { sources } = configOf(['--config-file', path, '--group', 'staff'])
  assert.equal(sources.get('mtu'), 'file')
  assert.equal(sources.get('group'), 'flag')
})

test('short flags and their values', () => {
  const { endpoints, engine, logLevel } = configOf([...noFile, '-H', 'unix:///a', '-b=br1', '-D'])
  assert.deepEqual(endpoints.hosts, ['unix:///a'])
  assert.equal(engine.bridge, 'br1')
  assert.equal(logLevel, 'debug')
})

test('unknown keys of the file are refused by name', (t) => {
  const path = configFile(t, { dns: [], colour: 1, 'data-rot': '/x' })
  assert.throws(
    () => configOf(['--config-file', path]),
    refused(
      /^unable to configure the Docker daemon with file .*: the following directives don't match any configuration option: colour, data-rot$/,
    ),
  )
})

test('a setting in the file and on the command line is refused', (t) => {
  const path = configFile(t, { dns: ['1.1.1.1'] })
  assert.throws(
    () => configOf(['--config-file', path, '--dns', '8.8.8.8']),
    refused(
      /the following directives are specified both as a flag and in the configuration file: dns: \(from flag: 8\.8\.8\.8, from file: \["1\.1\.1\.1"\]\)/,
    ),
  )
})

test('a file that is no JSON object, or holds a wrong type, is refused with its path', (t) => {
  for (const [value, message] of [
    ['{', /unable to configure .*daemon\.json: /],
    ['[]', /does not hold a JSON object/],
    [{ mtu: 'big' }, /daemon\.json: mtu: invalid value for "mtu"/],
    [{ dns: '1.1.1.1' }, /dns: invalid value/],
    [{ debug: 'yes' }, /debug: invalid value/],
    [{ 'log-level': 'loud' }, /log-level: invalid value/],
    [{ runtimes: { kata: '/x' } }, /runtimes: .*kata/],
  ] as const) {
    const path = configFile(t, value)
    assert.throws(() => configOf(['--config-file', path]), refused(message))
  }
})

test('a missing file matters only when it was named', () => {
  assert.throws(() => configOf(['--config-file', '/no/such/file']), refused(/no\/such\/file/))
})

test('flags that do not hold up are refused', () => {
  for (const [args, message] of [
    [['--colour'], /^unknown flag: --colour$/],
    [['-Z'], /^unknown shorthand flag: 'Z' in -Z$/],
    [['run'], /^unexpected argument: "run"$/],
    [['--mtu'], /^flag needs an argument: --mtu$/],
    [['--mtu=big'], /invalid value for "mtu": "big" is not a whole number/],
    [['--debug=maybe'], /invalid value for "debug"/],
    [['--log-level=loud'], /is not one of debug, info, warn, error, fatal/],
    [['--log-opt=x'], /invalid option "x"/],
    [
      ['--default-address-pool=10.0.0.0/8'],
      /want base=<CIDR>,size=<prefix length>|want name=value/,
    ],
    [['--bridge=a-name-of-16-let'], /^invalid bridge name "a-name-of-16-let"$/],
    [['--ip=here'], /^invalid value for "ip": here is not an ip address$/],
    [['--dns=here'], /^IP address is not correctly formatted: here$/],
    [['--mtu=-5'], /^invalid default MTU: -5$/],
    [['--max-concurrent-downloads=0'], /^invalid max concurrent downloads: 0$/],
    [['--label=x'], /^bad attribute format: x$/],
    [['--label=a=b', '--label=a=c'], /^conflict labels for a=b and a=c$/],
    [['--registry-mirror=a'], /^invalid mirror: no scheme specified for "a"/],
    [['--registry-mirror=http://u:p@a'], /^invalid mirror: username\/password not allowed in URI$/],
    [['--registry-mirror=http://a/?b'], /^invalid mirror: query or fragment at end of the URI/],
    [['--insecure-registry=http://a'], /^insecure registry http:\/\/a should not contain ':\/\/'$/],
    [['--insecure-registry=a b'], /^insecure registry a b is not valid: invalid host "a b"$/],
    [['--min-api-version=1.9'], /invalid min-api-version "1.9"/],
    [['--exec-opt=native.cgroupdriver=systemd'], /invalid exec-opt "native.cgroupdriver=systemd"/],
  ] as const) {
    assert.throws(() => configOf([...noFile, ...args]), refused(message))
  }
})

test('help names every flag; version and help win over everything else', () => {
  const help = formatHelp(allSettings)
  for (const { flag } of allSettings) assert.ok(help.includes(`--${flag}`), flag)
  assert.deepEqual(readCommandLine(['--version', '--mtu=big']), { type: 'version' })
  assert.deepEqual(readCommandLine(['-h']), { type: 'help' })
})

test('--validate reads everything and runs nothing', (t) => {
  const good = configFile(t, { mtu: 1400, labels: ['a=b'] })
  assert.deepEqual(readCommandLine(['--validate', '--config-file', good]), { type: 'validated' })
  const bad = configFile(t, { mtu: 'big' })
  assert.throws(
    () => readCommandLine(['--validate', '--config-file', bad]),
    refused(/with file .*daemon\.json: mtu: invalid value for "mtu": "big" is not a whole number$/),
  )
})

test('addresses of insecure registries are hosts, ports and networks', () => {
  for (const address of [
    'a',
    'a.test:5000',
    '10.0.0.1:80',
    '[::1]:5000',
    '10.0.0.0/8',
    'fd00::/8',
  ]) {
    const { engine } = configOf([...noFile, '--insecure-registry', address])
    assert.deepEqual(engine.insecureRegistries, [address])
  }
})
