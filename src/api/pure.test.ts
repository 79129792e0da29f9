import assert from 'node:assert/strict'
import test from 'node:test'
import { instantFromNanos } from '#base/clock.ts'
import { matchesEvent } from '#api/filters/events.ts'
import { matchesLabels } from '#api/filters/labels.ts'
import { parseUntil } from '#api/filters/time.ts'
import { compileRoutes } from '#api/route.ts'
import { routes } from '#api/routes.ts'
import { parseTarget } from '#api/target.ts'
import { fakeId } from '#api/testing/fake-engine.ts'
import { parseTimeLimit } from '#api/times.ts'

test('time limits are seconds with a fraction, or RFC 3339', () => {
  assert.equal(parseTimeLimit('1.5'), 1_500_000_000n)
  assert.equal(parseTimeLimit('1700000000.000000001'), 1_700_000_000_000_000_001n)
  assert.equal(parseTimeLimit('1970-01-01T00:00:02Z'), 2_000_000_000n)
  assert.equal(parseTimeLimit('0'), undefined)
  assert.throws(() => parseTimeLimit('yesterday'), /failed to parse value as time/)
})

test('until takes Go durations before now', () => {
  const at = instantFromNanos(10_000_000_000_000n)
  assert.equal(parseUntil('1h30m', at), 10_000_000_000_000n - 5_400_000_000_000n)
  assert.equal(parseUntil('5', at), 5_000_000_000n)
  for (const wrong of ['1x', '1h30', '9'.repeat(400) + 'h']) {
    assert.throws(() => parseUntil(wrong, at), { kind: 'invalid_argument' })
  }
})

test('wanted labels must all match, unwanted ones must all fail', () => {
  const labels = { a: '1', b: '' }
  assert.equal(matchesLabels(labels, ['a', 'a=1', 'b=']), true)
  assert.equal(matchesLabels(labels, ['a', 'a=2']), false)
  assert.equal(matchesLabels(labels, [], ['c', 'a=2']), true)
  assert.equal(matchesLabels(labels, [], ['b']), false)
})

test('event filters match by type, prefix action, actor and image', () => {
  const event = {
    type: 'container',
    action: 'exec_create: sh -c x',
    actorId: fakeId,
    attributes: { image: 'busybox:latest', name: 'web', team: 'a' },
    time: instantFromNanos(0n),
  } as const
  for (const filters of [
    { event: ['exec_create'] },
    { type: ['image', 'container'] },
    { container: ['web'] },
    { container: ['we'] },
    { container: ['aaaa'] },
    { image: ['busybox'] },
    { label: ['team=a'] },
  ]) {
    assert.equal(matchesEvent(event, filters), true, JSON.stringify(filters))
  }
  for (const filters of [
    { event: ['exec'] },
    { network: ['web'] },
    { container: ['db'] },
    { scope: ['swarm'] },
  ]) {
    assert.equal(matchesEvent(event, filters), false, JSON.stringify(filters))
  }
})

test('URLs are taken apart at their version and their query', () => {
  const { version, path, query } = parseTarget('/v1.43/images/a/b:c/json?x=1%202&x=3')
  assert.deepEqual([version, path, query.getAll('x')], ['1.43', '/images/a/b:c/json', ['1 2', '3']])
  assert.equal(parseTarget('/info').version, '1.55')
})

test('no row of the route table hides another', () => {
  const match = compileRoutes(routes)
  for (const route of routes) {
    const path = route.path.replace(/\{\w+(:\.\*)?\}/g, 'x')
    assert.equal(match(route.method, path)?.route.path, route.path)
  }
})
