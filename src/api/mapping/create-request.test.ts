import assert from 'node:assert/strict'
import test from 'node:test'
import { EngineError, type ErrorKind } from '#base/errors.ts'
import { toCreateRequest } from '#api/mapping/create-request.ts'
import { parsePortBindings, toBoundPortMap, toPortSummaries } from '#api/mapping/ports.ts'
import type { ContainerCreateBody, HostConfig } from '#wire/containers.ts'

const defaults = { logDriver: 'json-file', logOptions: { 'max-size': '10m' } }

function request(body: ContainerCreateBody) {
  return toCreateRequest({ Image: 'busybox', ...body }, {}, defaults)
}

function host(config: HostConfig) {
  return request({ HostConfig: config }).spec.host
}

function refused(kind: ErrorKind, message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof EngineError && error.kind === kind && message.test(error.message)
}

test('toCreateRequest() fills what the client left out', () => {
  const { spec, explicit, name } = request({})
  assert.equal(name, undefined)
  assert.deepEqual(explicit, { cmd: false, entrypoint: false })
  assert.deepEqual(spec.host.networkMode, { type: 'network', name: 'bridge' })
  assert.deepEqual(spec.host.restartPolicy, { name: 'no' })
  assert.equal(spec.host.shmSizeBytes, 64 * 1024 * 1024)
  assert.deepEqual(spec.host.logDriver, { type: 'json-file', options: { 'max-size': '10m' } })
})

test('toCreateRequest() needs an image', () => {
  assert.throws(() => toCreateRequest({}, {}, defaults), refused('invalid_argument', /Image/))
})

test('network modes are told apart', () => {
  const mode = (NetworkMode: string) => host({ NetworkMode }).networkMode
  assert.deepEqual(mode('default'), { type: 'network', name: 'bridge' })
  assert.deepEqual(mode('host'), { type: 'host' })
  assert.deepEqual(mode('none'), { type: 'none' })
  assert.deepEqual(mode('container:db'), { type: 'container', container: 'db' })
  assert.throws(() => mode('container:'), refused('invalid_argument', /invalid container format/))
})

test('the endpoint of the chosen network gives aliases and addresses', () => {
  const EndpointsConfig = {
    default: {
      Aliases: ['web'],
      IPAMConfig: { IPv4Address: '172.30.0.9' },
      MacAddress: '02:42:ac:11:00:09',
    },
  }
  const { networkAliases, ipv4Address, macAddress } = request({
    HostConfig: { NetworkMode: 'bridge' },
    NetworkingConfig: { EndpointsConfig },
  }).spec.host
  assert.deepEqual(
    [networkAliases, ipv4Address, macAddress],
    [['web'], '172.30.0.9', '02:42:ac:11:00:09'],
  )
  assert.throws(
    () => request({ NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } }),
    refused('not_implemented', /networks beside/),
  )
})

test('restart policies are checked with the texts that clients know', () => {
  assert.deepEqual(
    host({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }).restartPolicy,
    {
      name: 'on-failure',
      maximumRetryCount: 3,
    },
  )
  assert.throws(
    () => host({ RestartPolicy: { Name: 'sometimes' } }),
    refused('invalid_argument', /unknown policy 'sometimes'/),
  )
  assert.throws(
    () => host({ RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } }),
    refused('invalid_argument', /maximum retry count can only be used with 'on-failure'/),
  )
})

test('settings that cannot be honoured are refused by name', () => {
  for (const [config, field] of [
    [{ Links: ['db:db'] }, 'Links'],
    [{ DeviceRequests: [{}] }, 'DeviceRequests'],
    [{ StorageOpt: { size: '1G' } }, 'StorageOpt'],
    [{ VolumeDriver: 'nfs' }, 'VolumeDriver'],
  ] as const) {
    assert.throws(() => host(config), refused('not_implemented', new RegExp(field)))
  }
  assert.deepEqual(
    host({
      BlkioWeightDevice: [{ Path: '/dev/a', Weight: 100 }],
      BlkioDeviceReadBps: [{ Path: '/dev/b', Rate: 1000 }],
    }).resources.blkioDevices,
    [
      { limit: 'weight', path: '/dev/a', value: 100 },
      { limit: 'readBps', path: '/dev/b', value: 1000 },
    ],
  )
  assert.deepEqual(host({ VolumesFrom: [], Links: [], VolumeDriver: 'local' }).binds, [])
})

test('port bindings: ephemeral, fixed, a range to choose from, and ranges pairwise', () => {
  const tcp = (containerPort: number) => ({ protocol: 'tcp' as const, containerPort })
  assert.deepEqual(parsePortBindings({ '80/tcp': [] }), [tcp(80)])
  assert.deepEqual(parsePortBindings({ '80': [{ HostIp: '127.0.0.1', HostPort: '8080' }] }), [
    { ...tcp(80), hostAddress: '127.0.0.1', hostPort: { first: 8080, last: 8080 } },
  ])
  assert.deepEqual(parsePortBindings({ '53/udp': [{ HostPort: '5000-5005' }] }), [
    { protocol: 'udp', containerPort: 53, hostPort: { first: 5000, last: 5005 } },
  ])
  assert.deepEqual(parsePortBindings({ '80-81/tcp': [{ HostPort: '90-91' }] }), [
    { ...tcp(80), hostPort: { first: 90, last: 90 } },
    { ...tcp(81), hostPort: { first: 91, last: 91 } },
  ])
})

test('malformed ports are refused', () => {
  for (const [key, hostPort] of [
    ['80/sctp', ''],
    ['x/tcp', ''],
    ['80/tcp', '70000'],
    ['90-80/tcp', ''],
    ['80-81/tcp', '90-95'],
  ] as const) {
    assert.throws(
      () => parsePortBindings({ [key]: [{ HostPort: hostPort }] }),
      refused('invalid_argument', /invalid/),
    )
  }
})

test('published and exposed ports have Docker’s shapes', () => {
  const exposed = [
    { port: 80, protocol: 'tcp' },
    { port: 443, protocol: 'tcp' },
  ] as const
  const bindings = [
    { protocol: 'tcp', containerPort: 80, hostAddress: '0.0.0.0', hostPort: 8080 },
  ] as const
  assert.deepEqual(toBoundPortMap(exposed, bindings), {
    '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }],
    '443/tcp': null,
  })
  assert.deepEqual(toPortSummaries(exposed, bindings), [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 443, Type: 'tcp' },
  ])
})

test('mounts are read by type, and options of another type are refused', () => {
  const mount = (Mounts: NonNullable<HostConfig['Mounts']>) => host({ Mounts }).mounts[0]
  assert.deepEqual(mount([{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }]), {
    type: 'bind',
    source: '/a',
    target: '/b',
    isReadOnly: true,
  })
  assert.deepEqual(
    mount([{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 9, Mode: 448 } }]),
    {
      type: 'tmpfs',
      target: '/t',
      isReadOnly: false,
      tmpfsSizeBytes: 9,
      tmpfsMode: 448,
    },
  )
  for (const [wrong, message] of [
    [{ Type: 'bind', Target: '/b' }, /field Source must not be empty/],
    [{ Type: 'volume', Source: 'v' }, /field Target must not be empty/],
    [{ Type: 'bind', Source: '/a', Target: '/b', TmpfsOptions: {} }, /TmpfsOptions must not/],
    [{ Type: 'disk', Target: '/b' }, /type "disk": mount type unknown/],
  ] as const) {
    assert.throws(() => mount([wrong]), refused('invalid_argument', message))
  }
})
