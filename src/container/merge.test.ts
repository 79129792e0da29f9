import assert from 'node:assert/strict'
import test from 'node:test'
import { mergeConfig } from '#container/merge.ts'
import { sampleRequest } from '#container/testing/sample.ts'
import type { ImageRunConfig } from '#oci/descriptor.ts'

const image: ImageRunConfig = {
  Entrypoint: ['/entry'],
  Cmd: ['serve'],
  Env: ['PATH=/image', 'A=image', 'B=image'],
  User: 'app',
  WorkingDir: '/srv',
  Labels: { from: 'image', both: 'image' },
  ExposedPorts: { '80/tcp': {}, '53/udp': {}, '9/sctp': {} },
  Volumes: { '/data': {} },
  StopSignal: 'SIGQUIT',
}

function command(changes: Parameters<typeof sampleRequest>[0]) {
  const { entrypoint, cmd } = mergeConfig(sampleRequest(changes), image)
  return [...entrypoint, '|', ...cmd].join(' ')
}

test('cmd and entrypoint merge by the rules of the classic engine', () => {
  assert.equal(command({}), '/entry | serve')
  assert.equal(command({ cmd: ['other'] }), '/entry | other')
  assert.equal(command({ entrypoint: ['/own'] }), '/own |', 'a new entrypoint drops the old cmd')
  assert.equal(command({ entrypoint: ['/own'], cmd: ['x'] }), '/own | x')
  assert.equal(command({ entrypoint: [''], cmd: ['sh'] }), '| sh', 'an empty one resets')
})

test('nothing to run is refused', () => {
  const nothing = () => mergeConfig(sampleRequest(), {})
  assert.throws(nothing, { kind: 'invalid_argument', message: 'no command specified' })
  const reset = () => mergeConfig(sampleRequest({ entrypoint: [''] }), image)
  assert.throws(reset, { message: 'no command specified' })
})

test('what the client leaves out comes from the image, what it says stays', () => {
  const merged = mergeConfig(
    sampleRequest({
      env: ['A=own', 'C=own'],
      labels: { both: 'own' },
      volumePaths: ['/cache'],
      exposedPorts: [{ port: 80, protocol: 'tcp' }],
    }),
    image,
  )
  assert.deepEqual(merged.env, ['A=own', 'C=own', 'PATH=/image', 'B=image'])
  assert.deepEqual(merged.labels, { from: 'image', both: 'own' })
  assert.deepEqual(merged.volumePaths, ['/cache', '/data'])
  assert.deepEqual(merged.exposedPorts, [
    { port: 80, protocol: 'tcp' },
    { port: 53, protocol: 'udp' },
  ])
  assert.equal(merged.user, 'app')
  assert.equal(merged.workingDir, '/srv')
  assert.equal(merged.stopSignal, 'SIGQUIT')
})

test('a health check without a test of its own only changes timings', () => {
  const withCheck = { ...image, Healthcheck: { Test: ['CMD', 'probe'], Interval: 5, Retries: 2 } }
  const merged = mergeConfig(sampleRequest({ healthcheck: { Interval: 9, Retries: 0 } }), withCheck)
  assert.deepEqual(merged.healthcheck, { Test: ['CMD', 'probe'], Interval: 9, Retries: 2 })
  const none = mergeConfig(sampleRequest({ healthcheck: { Test: ['NONE'] } }), withCheck)
  assert.deepEqual(none.healthcheck?.Test, ['NONE'])
})
