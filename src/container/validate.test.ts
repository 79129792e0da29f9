import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import test from 'node:test'
import { plainHost, plainSpec } from '#container/testing/sample.ts'
import type { ContainerSpec, HostSpec, Resources } from '#container/types.ts'
import { validateSpec } from '#container/validate.ts'

function check(host: Partial<HostSpec>, spec: Partial<ContainerSpec> = {}) {
  return validateSpec({ ...plainSpec, ...spec, host: { ...plainHost, ...host } })
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
})
