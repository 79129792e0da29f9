import assert from 'node:assert/strict'
import test from 'node:test'
import { instantFromNanos } from '#base/clock.ts'
import type { HostSpec } from '#container/types.ts'
import type { RunFacts } from '#container/types.ts'
import { createSummaryCache, toContainerSummary } from '#api/mapping/container-summary.ts'
import { toContainerInspect } from '#api/mapping/container-inspect.ts'
import { formatEvent } from '#api/mapping/event.ts'
import { toProgressLine } from '#api/mapping/progress.ts'
import { parseRegistryAuth } from '#api/mapping/registry-auth.ts'
import { formatStatus, toStateBody } from '#api/mapping/state.ts'
import { fakeEngine, fakeHost, fakeId, fakeRecord, fakeSpec } from '#api/testing/fake-engine.ts'

const start = instantFromNanos(1_700_000_000_000_000_000n)
const later = instantFromNanos(1_700_000_180_000_000_000n)
const networkId = 'c'.repeat(64)

const run: RunFacts = {
  pid: 42,
  conmonPid: 41,
  startedAt: start,
  endpoints: [
    {
      endpointId: 'e'.repeat(64),
      networkId,
      networkName: 'bridge',
      ipv4Address: '172.30.0.2',
      prefixLength: 24,
      gateway: '172.30.0.1',
      macAddress: '02:42:ac:1e:00:02',
      interfaceName: 'eth0',
      aliases: [],
      ports: [{ protocol: 'tcp', containerPort: 80, hostAddress: '0.0.0.0', hostPort: 8080 }],
    },
  ],
}

const exit = { code: 137, startedAt: start, finishedAt: later, isOomKilled: true }
const running = fakeRecord({ state: { status: 'running', run } })
const facts = { findNetworkId: () => networkId, findHealth: () => undefined }

test('every state has its status text', () => {
  const status = (state: Parameters<typeof formatStatus>[0]) => formatStatus(state, later)
  assert.equal(status({ status: 'created' }), 'Created')
  assert.equal(status({ status: 'running', run }), 'Up 3 minutes')
  assert.equal(status({ status: 'paused', run }), 'Up 3 minutes (Paused)')
  const last = { ...exit, finishedAt: start }
  assert.equal(status({ status: 'exited', last }), 'Exited (137) 3 minutes ago')
  assert.equal(
    status({ status: 'restarting', last, nextAt: later }),
    'Restarting (137) 3 minutes ago',
  )
  assert.equal(status({ status: 'removing', removesVolumes: false }), 'Removal In Progress')
  assert.equal(status({ status: 'dead', reason: 'x' }), 'Dead')
})

test('health shows in the status and the state', () => {
  const health = { status: 'healthy', failingStreak: 0, log: [] } as const
  assert.equal(formatStatus({ status: 'running', run }, later, health), 'Up 3 minutes (healthy)')
  const { Health } = toStateBody({ status: 'running', run }, health)
  assert.deepEqual(Health, { Status: 'healthy', FailingStreak: 0, Log: [] })
})

test('inspect states carry zero times until something happened', () => {
  const created = toStateBody({
    status: 'created',
    failure: { code: 127, message: 'no such file' },
  })
  assert.equal(created.StartedAt, '0001-01-01T00:00:00Z')
  assert.deepEqual([created.ExitCode, created.Error], [127, 'no such file'])
  const ended = toStateBody({ status: 'exited', last: exit })
  assert.deepEqual(
    [ended.ExitCode, ended.OOMKilled, ended.Running, ended.Pid, ended.FinishedAt],
    [137, true, false, 0, '2023-11-14T22:16:20Z'],
  )
  const up = toStateBody({ status: 'paused', run })
  assert.deepEqual([up.Running, up.Paused, up.Pid], [true, true, 42])
})

test('a list row has the fields that clients read', () => {
  assert.deepEqual(toContainerSummary(running, facts, later), {
    Id: fakeId,
    Names: ['/web'],
    Image: 'busybox',
    ImageID: running.imageId,
    Command: "sh -c 'echo hi'",
    Created: 1_700_000_000,
    Ports: [{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }],
    Labels: { team: 'a' },
    State: 'running',
    Status: 'Up 3 minutes',
    HostConfig: { NetworkMode: 'bridge' },
    Health: { Status: 'none', FailingStreak: 0 },
    NetworkSettings: {
      Networks: {
        bridge: {
          IPAMConfig: null,
          Links: null,
          Aliases: null,
          DriverOpts: null,
          GwPriority: 0,
          NetworkID: networkId,
          EndpointID: 'e'.repeat(64),
          Gateway: '172.30.0.1',
          IPAddress: '172.30.0.2',
          MacAddress: '02:42:ac:1e:00:02',
          IPPrefixLen: 24,
          IPv6Gateway: '',
          GlobalIPv6Address: '',
          GlobalIPv6PrefixLen: 0,
          DNSNames: null,
        },
      },
    },
    Mounts: [],
  })
})

test('a kept row is the same as a fresh one, and its status still ages', () => {
  const cache = createSummaryCache(facts)
  cache.row(running, start)
  assert.deepEqual(JSON.parse(cache.row(running, later)), toContainerSummary(running, facts, later))
})

test('inspect has legacy addresses only for clients up to 1.51', () => {
  const inspect = (isLegacy: boolean) =>
    toContainerInspect(running, {
      details: fakeEngine().containers.details(fakeId),
      sandboxKey: '/exec/netns/x',
      storageDriver: 'overlay2',
      defaultRuntime: 'crun',
      isLegacy,
      findNetworkId: () => networkId,
    })
  assert.equal(inspect(true).NetworkSettings.IPAddress, '172.30.0.2')
  assert.deepEqual(inspect(true).GraphDriver, { Name: 'overlay2', Data: null })
  const modern = inspect(false)
  assert.equal('IPAddress' in modern.NetworkSettings, false)
  assert.equal(modern.GraphDriver, undefined)
  assert.deepEqual(modern.Storage, { RootFS: { Snapshot: { Name: 'overlay2' } } })
  assert.deepEqual([modern.Name, modern.Path, modern.Args], ['/web', 'sh', ['-c', 'echo hi']])
  assert.equal(modern.NetworkSettings.Networks['bridge']?.IPAddress, '172.30.0.2')
})

test('inspect echoes what was asked for', () => {
  const host = {
    ...fakeHost,
    binds: ['/a:/b:ro'],
    networkMode: { type: 'container', container: 'db' },
    restartPolicy: { name: 'on-failure', maximumRetryCount: 2 },
    ports: [{ protocol: 'tcp', containerPort: 80, hostPort: { first: 8080, last: 8081 } }],
  } as const
  const { HostConfig, Config } = toContainerInspect(fakeRecord({ spec: { ...fakeSpec, host } }), {
    details: fakeEngine().containers.details(fakeId),
    sandboxKey: '',
    storageDriver: 'overlay2',
    defaultRuntime: 'crun',
    isLegacy: false,
    findNetworkId: () => undefined,
  })
  assert.deepEqual(HostConfig.Binds, ['/a:/b:ro'])
  assert.equal(HostConfig.NetworkMode, 'container:db')
  assert.deepEqual(HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 2 })
  assert.deepEqual(HostConfig.PortBindings, { '80/tcp': [{ HostIp: '', HostPort: '8080-8081' }] })
  assert.deepEqual(Config.ExposedPorts, { '80/tcp': {} })
})

test('inspect fills in what nobody asked for, and shows mounts as Docker does', () => {
  const host: HostSpec = {
    ...fakeHost,
    tmpfs: { '/scratch/': 'size=1m' },
    mounts: [{ type: 'tmpfs', target: '/t', isReadOnly: true }],
  }
  const volume = { type: 'volume', source: '/v', isWritable: true, propagation: '' } as const
  const record = fakeRecord({
    spec: { ...fakeSpec, host },
    mounts: [
      { type: 'tmpfs', target: '/scratch', options: 'size=1m' },
      { type: 'tmpfs', target: '/t', options: 'ro' },
      {
        ...volume,
        volume: 'named',
        target: '/n',
        mode: '',
        copiesContent: true,
        isAnonymous: false,
      },
      { ...volume, volume: 'x', target: '/a', mode: '', copiesContent: true, isAnonymous: true },
    ],
  })
  const { HostConfig, Mounts } = toContainerInspect(record, {
    details: {
      ...fakeEngine().containers.details(fakeId),
      filesystem: { lowerDirs: ['/l'], upperDir: '/u', workDir: '/w', mergedDir: '/m' },
    },
    sandboxKey: '',
    storageDriver: 'overlay2',
    defaultRuntime: 'crun',
    isLegacy: true,
    findNetworkId: () => undefined,
  })
  assert.equal(HostConfig.Runtime, 'crun')
  assert.ok(HostConfig.MaskedPaths?.includes('/proc/kcore'))
  assert.ok(HostConfig.ReadonlyPaths?.includes('/proc/sys'))
  assert.deepEqual(HostConfig.Mounts, [{ Type: 'tmpfs', Target: '/t', ReadOnly: true }])
  assert.deepEqual(
    Mounts.map(({ Destination, Mode, RW }) => [Destination, Mode, RW]),
    [
      ['/t', '', false],
      ['/n', 'z', true],
      ['/a', '', true],
    ],
  )
})

test('events keep every digit of their time; legacy fields end with 1.51', () => {
  const event = {
    type: 'container',
    action: 'start',
    actorId: fakeId,
    attributes: { image: 'busybox', name: 'web' },
    time: instantFromNanos(1_700_000_000_123_456_789n),
  } as const
  const modern = formatEvent(event, '1.52')
  assert.match(modern, /"time":1700000000,"timeNano":1700000000123456789}$/)
  assert.doesNotMatch(modern, /"status"/)
  assert.match(formatEvent(event, '1.51'), /^{"status":"start","id":"a{64}","from":"busybox",/)
})

test('progress has the shape of each kind', () => {
  assert.deepEqual(toProgressLine({ type: 'status', text: 'Pulling', id: 'x' }), {
    status: 'Pulling',
    id: 'x',
  })
  assert.deepEqual(
    toProgressLine({
      type: 'transfer',
      id: 'x',
      action: 'Downloading',
      currentBytes: 1,
      totalBytes: 2,
    }),
    { status: 'Downloading', id: 'x', progressDetail: { current: 1, total: 2 } },
  )
})

test('registry credentials are read from either base64 alphabet, and rubbish is none', () => {
  const config = { username: 'ü>?', password: 'p', serveraddress: 'r.test' }
  const auth = { type: 'basic', username: 'ü>?', password: 'p' }
  for (const encoding of ['base64', 'base64url'] as const) {
    const header = Buffer.from(JSON.stringify(config)).toString(encoding)
    assert.deepEqual(parseRegistryAuth(header), auth)
  }
  assert.equal(parseRegistryAuth('e30='), undefined)
  assert.equal(parseRegistryAuth('%%%'), undefined)
  assert.equal(parseRegistryAuth(undefined), undefined)
})
