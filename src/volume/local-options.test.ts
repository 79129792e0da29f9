import assert from 'node:assert/strict'
import test from 'node:test'
import { mountFlag } from '#sys/mount.ts'
import { checkLocalOptions, planLocalMount } from '#volume/local-options.ts'

test('options become a mount: flags apart from what the filesystem reads', () => {
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,uid=1000,ro,nosuid' }
  assert.deepEqual(planLocalMount(options, '/v'), {
    source: 'tmpfs',
    target: '/v',
    type: 'tmpfs',
    flags: mountFlag.readOnly | mountFlag.noSuid,
    options: 'size=1m,uid=1000',
  })
})

test('a bind has no type', () => {
  assert.deepEqual(planLocalMount({ type: 'none', device: '/src', o: 'bind' }, '/v'), {
    source: '/src',
    target: '/v',
    flags: mountFlag.bind,
  })
  assert.equal(planLocalMount({}, '/v'), undefined, 'a plain volume is not mounted')
})

test('unknown and incomplete options are refused', () => {
  for (const [options, message] of [
    [{ color: 'red' }, 'invalid option: "color"'],
    [{ type: 'nfs' }, 'missing required option: "device"'],
    [{ device: '/x' }, 'missing required option: "type"'],
  ] as const) {
    assert.throws(() => checkLocalOptions(options), { kind: 'invalid_argument', message })
  }
})
