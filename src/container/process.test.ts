import assert from 'node:assert/strict'
import test from 'node:test'
import { instantFromNanos } from '#base/clock.ts'
import { hostnameOf, processEnv } from '#container/process.ts'
import { plainSpec } from '#container/testing/sample.ts'
import type { ContainerRecord } from '#container/types.ts'

const record = (env: readonly string[], hostname?: string): ContainerRecord => ({
  id: 'a'.repeat(64),
  name: 'web',
  createdAt: instantFromNanos(0n),
  imageId: '',
  imageName: 'busybox',
  spec: { ...plainSpec, env, ...(hostname === undefined ? {} : { hostname }) },
  state: { status: 'created' },
  restartCount: 0,
  isStoppedByUser: false,
  mounts: [],
})

test("the container's variables take the place of Docker's own, or their absence", () => {
  assert.deepEqual(processEnv(record(['A=1', 'PATH=/p', 'B=a=b']), '/home', true), [
    'PATH=/p',
    `HOSTNAME=${'a'.repeat(12)}`,
    'TERM=xterm',
    'A=1',
    'B=a=b',
    'HOME=/home',
  ])
  const env = processEnv(record(['HOSTNAME', 'HOME=/h', 'UNSET'], 'box'), '/home', false)
  assert.deepEqual(env.slice(1), ['HOME=/h'])
  assert.equal(hostnameOf(record([], 'box')), 'box')
})
