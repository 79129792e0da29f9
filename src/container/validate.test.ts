import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import test from 'node:test'
import { plainHost, plainSpec } from '#container/testing/sample.ts'
import type { ContainerSpec, HostSpec, Resources } from '#container/types.ts'
import type { CgroupLimits } from '#sys/cgroup/limits.ts'
import { validateSpec } from '#container/validate.ts'

const able: CgroupLimits = {
  memory: true,
  swap: true,
  memorySwappiness: true,
  memoryReservation: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuset: true,
  pids: true,
  blkioWeight: true,
  cpus: '0-1',
  mems: '0',
}

function validate(
  host: Partial<HostSpec>,
  spec: Partial<ContainerSpec> = {},
  limits: Partial<CgroupLimits> = {},
) {
  const asked = { ...plainSpec, ...spec, host: { ...plainHost, ...host } }
  return validateSpec(asked, { ...able, ...limits })
}

function check(host: Partial<HostSpec>, spec: Partial<ContainerSpec> = {}) {
  return validate(host, spec).warnings
}

const limit = (resources: Partial<Resources>) => ({
  resources: { ...plainHost.resources, ...resources },
})

test('limits that cannot be are refused with the known texts', () => {
  const cpus = availableParallelism()
  for (const [resources, message] of [
    [{ memoryBytes: 1 << 20 }, 'Minimum memory limit allowed is 6MB'],
    [
      { memoryBytes: 64 << 20, memorySwapBytes: 32 << 20 },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [
      { memorySwapBytes: 32 << 20 },
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    ],
    [
      { nanoCpus: 1e9, cpuQuotaUs: 1000 },
      'Conflicting options: Nano CPUs and CPU Quota cannot both be set',
    ],
    [
      { nanoCpus: (cpus + 1) * 1e9 },
      `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    ],
    [{ cpuShares: -1 }, 'invalid CPU shares (-1): value must be a positive integer'],
    [{ blkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
    [{ cpusetCpus: 'a' }, 'Invalid value a for cpuset cpus: invalid format: a'],
    [{ cpusetCpus: '0,2-3' }, 'Requested CPUs are not available - requested 0,2-3, available: 0-1'],
    [{ cpusetMems: '1' }, 'Requested memory nodes are not available - requested 1, available: 0'],
  ] as const) {
    assert.throws(() => check(limit(resources)), { kind: 'invalid_argument', message })
  }
  assert.deepEqual(check(limit({ memoryBytes: 6 << 20, memorySwapBytes: -1, nanoCpus: 1e7 })), [])
})

test('--rm and a restart policy exclude each other', () => {
  const host = { isAutoRemove: true, restartPolicy: { name: 'always' } } as const
  assert.throws(() => check(host), {
    message: "can't create 'AutoRemove' container with restart policy",
  })
})

test('what another container decides cannot be said here', () => {
  const networkMode = { type: 'container', container: 'web' } as const
  assert.throws(() => check({ networkMode }, { hostname: 'box' }), {
    message: 'conflicting options: hostname and the network mode',
  })
  const ports = [{ protocol: 'tcp', containerPort: 80 }] as const
  assert.throws(() => check({ networkMode, ports }), { message: /port publishing/ })
})

test('ports on the host network are a warning', () => {
  const ports = [{ protocol: 'tcp', containerPort: 80 }] as const
  assert.deepEqual(check({ networkMode: { type: 'host' }, ports }), [
    'Published ports are discarded when using host network mode',
  ])
})

test('log limits are read, and refused when they make no sense', () => {
  const driver = (options: Record<string, string>) => ({
    logDriver: { type: 'json-file', options },
  })
  assert.deepEqual(check(driver({ 'max-size': '10m', 'max-file': '3' })), [])
  assert.throws(() => check(driver({ 'max-size': 'big' })), {
    message: 'invalid value for max-size: big',
  })
  assert.throws(() => check(driver({ maxsize: '1m' })), {
    message: "unknown log opt 'maxsize' for json-file log driver",
  })
  assert.throws(() => check(driver({ 'max-file': '0' })), {
    message: 'invalid value for max-file: 0',
  })
  assert.throws(() => check(driver({ colour: 'red' })), {
    message: "unknown log opt 'colour' for json-file log driver",
  })
})

test('limits that the machine does not have are dropped with a warning', () => {
  const asked = limit({ blkioWeight: 500, memorySwappiness: 10, memoryBytes: 64 << 20 })
  const { spec, warnings } = validate(asked, {}, { blkioWeight: false, memorySwappiness: false })
  assert.equal(spec.host.resources.blkioWeight, 0)
  assert.equal(spec.host.resources.memorySwappiness, undefined)
  assert.deepEqual(warnings, [
    'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
  ])
  assert.deepEqual(validate(asked).warnings, [])
})

test('memory alone means as much swap, where swap can be limited', () => {
  const asked = limit({ memoryBytes: 64 << 20 })
  const swapOf = (limits: Partial<CgroupLimits>) =>
    validate(asked, {}, limits).spec.host.resources.memorySwapBytes
  assert.equal(swapOf({}), 128 << 20)
  assert.equal(swapOf({ swap: false }), -1)
})

test('an endless memory with the OOM killer off is a warning', () => {
  assert.equal(check(limit({ isOomKillDisabled: true })).length, 1)
  assert.equal(check(limit({ isOomKillDisabled: true, memoryBytes: 64 << 20 })).length, 0)
})

test('what a program is started with must make sense', () => {
  const health = (change: object) => ({ healthcheck: { Test: ['CMD', 'true'], ...change } })
  for (const [spec, message] of [
    [{ env: ['A=1', '=x'] }, 'invalid environment variable: =x'],
    [{ env: [''] }, 'invalid environment variable: '],
    [{ stopSignal: 'FOO' }, 'invalid signal: FOO'],
    [
      { workingDir: 'here' },
      "the working directory 'here' is invalid, it needs to be an absolute path",
    ],
    [health({ Interval: 1000 }), 'Interval in Healthcheck cannot be less than 1ms'],
    [health({ Timeout: -1 }), 'Timeout in Healthcheck cannot be less than 1ms'],
    [health({ Retries: -1 }), 'Retries in Healthcheck cannot be negative'],
    [
      { annotations: { '': 'x' } },
      'invalid Annotations: the empty string is not permitted as an annotation key',
    ],
  ] as const) {
    assert.throws(() => check({}, spec), { kind: 'invalid_argument', message })
  }
  assert.deepEqual(check({}, { env: ['A'], ...health({ Interval: 1e9, Retries: 2 }) }), [])
})

test('modes, security and devices are read before anything is made', () => {
  const device = { hostPath: '/dev/null', containerPath: '/dev/x' }
  for (const [host, message] of [
    [{ ipcMode: 'foo' }, 'invalid IPC mode: foo'],
    [{ ipcMode: 'container:' }, 'invalid IPC mode: container:'],
    [{ pidMode: 'foo' }, 'invalid PID mode: foo'],
    [{ utsMode: 'foo' }, 'invalid UTS mode: foo'],
    [{ usernsMode: 'foo' }, 'invalid user namespace mode: foo'],
    [{ oomScoreAdj: 2000 }, 'Invalid value 2000, range for oom score adj is [-1000, 1000]'],
    [{ shmSizeBytes: -1 }, 'SHM size can not be less than 0'],
    [{ capAdd: ['FOO'] }, 'invalid CapAdd: unknown capability: "CAP_FOO"'],
    [{ securityOpt: ['foo'] }, 'invalid --security-opt 1: "foo"'],
    [{ securityOpt: ['foo=bar'] }, 'invalid --security-opt 2: "foo=bar"'],
    [{ deviceCgroupRules: ['foo'] }, "invalid device cgroup rule format: 'foo'"],
    [{ devices: [{ ...device, permissions: 'rwr' }] }, 'bad mode specified: rwr'],
    [{ ulimits: [{ name: 'foo', soft: 1, hard: 1 }] }, 'invalid ulimit type: foo'],
    [
      { ulimits: [{ name: 'nofile', soft: 3, hard: 1 }] },
      'ulimit soft limit must be less than or equal to hard limit: 3 > 1',
    ],
    [{ extraHosts: ['foo'] }, 'bad format for add-host: "foo"'],
    [{ extraHosts: ['foo:1.2.3'] }, 'invalid IP address in add-host: "1.2.3"'],
    [{ extraHosts: ['a\nb:1.2.3.4'] }, 'bad format for add-host: "a\nb:1.2.3.4"'],
    [{ dns: ['1.1.1.1\nnameserver 2'] }, 'bad nameserver address "1.1.1.1\nnameserver 2"'],
    [{ dnsSearch: ['a\nb'] }, String.raw`invalid resolver setting "a\nb"`],
    [{ macAddress: 'foo' }, 'invalid MAC address "foo"'],
    [
      { macAddress: '01:00:5e:00:00:01' },
      'invalid MAC address "01:00:5e:00:00:01": a multicast address',
    ],
  ] as const) {
    assert.throws(() => check(host), { kind: 'invalid_argument', message })
  }
  assert.throws(() => check({ utsMode: 'host' }, { hostname: 'box' }), {
    message: 'conflicting options: hostname and the UTS mode',
  })
  assert.deepEqual(check({ ipcMode: 'container:web', pidMode: 'host', utsMode: 'host' }), [])
})
