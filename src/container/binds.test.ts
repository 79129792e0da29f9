import assert from 'node:assert/strict'
import test from 'node:test'
import { parseBind, planMounts } from '#container/binds.ts'
import { plainHost, plainSpec } from '#container/testing/sample.ts'
import type { ContainerSpec, MountRequest } from '#container/types.ts'

test('bind texts name host paths or volumes, with modes', () => {
  assert.deepEqual(parseBind('/src/../host:/data:ro,rslave'), {
    type: 'bind',
    source: '/host',
    target: '/data',
    mode: 'ro,rslave',
    isWritable: false,
    propagation: 'rslave',
    createsSource: true,
  })
  assert.deepEqual(parseBind('cache:/var/cache/:nocopy'), {
    type: 'volume',
    name: 'cache',
    target: '/var/cache',
    mode: 'nocopy',
    isWritable: true,
    copiesContent: false,
  })
})

test('bind texts that make no sense are refused', () => {
  for (const [text, message] of [
    ['a:/b:ro:x', /invalid volume specification: 'a:\/b:ro:x'/],
    ['/a:b', /mount path must be absolute/],
    ['/a:/', /destination can't be '\/'/],
    ['/a:/b:ro,rw', /invalid mode: ro,rw/],
    ['/a:/b:fast', /invalid mode: fast/],
  ] as const) {
    assert.throws(() => parseBind(text), { kind: 'invalid_argument', message }, text)
  }
})

function spec(changes: Partial<ContainerSpec['host']>, volumePaths: readonly string[] = []) {
  return { ...plainSpec, volumePaths, host: { ...plainHost, ...changes } }
}

test('parents are mounted before what lies below them', () => {
  const plans = planMounts(
    spec({ binds: ['/b:/data/deep/er', 'v:/data'], tmpfs: { '/data/deep': 'size=1m' } }),
  )
  assert.deepEqual(
    plans.map(({ target }) => target),
    ['/data', '/data/deep', '/data/deep/er'],
  )
})

test('an image volume gives way to a mount at the same place', () => {
  const plans = planMounts(spec({ binds: ['/b:/data'] }, ['/data/', '/other']))
  assert.deepEqual(
    plans.map(({ type, target }) => `${type} ${target}`),
    ['bind /data', 'volume /other'],
  )
})

test('two mounts at one place are refused', () => {
  const twice = spec({ binds: ['/a:/x', 'v:/x/'] })
  assert.throws(() => planMounts(twice), { message: 'Duplicate mount point: /x' })
})

test('mount requests are checked by type', () => {
  const request = (changes: Partial<MountRequest>): MountRequest => ({
    type: 'bind',
    source: '/a',
    target: '/x',
    isReadOnly: false,
    ...changes,
  })
  const plan = (changes: Partial<MountRequest>) => planMounts(spec({ mounts: [request(changes)] }))
  assert.deepEqual(plan({ type: 'tmpfs', tmpfsSizeBytes: 4096, tmpfsMode: 0o1777 }), [
    { type: 'tmpfs', target: '/x', options: 'size=4096,mode=1777' },
  ])
  assert.throws(() => plan({ source: '' }), {
    message: 'invalid mount config for type "bind": field Source must not be empty',
  })
  assert.throws(() => plan({ target: 'x' }), {
    message:
      'invalid mount config for type "bind": invalid mount path: \'x\' mount path must be absolute',
  })
})
