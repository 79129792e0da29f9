import assert from 'node:assert/strict'
import test from 'node:test'
import { instantFromNanos } from '#base/clock.ts'
import { probeArgs, timingsOf, withProbe } from '#container/health-rules.ts'
import { plainSpec } from '#container/testing/sample.ts'
import type { Health } from '#container/types.ts'

const at = instantFromNanos(0n)
const probe = (code: number) => ({ startedAt: at, finishedAt: at, code, output: '' })
const starting: Health = { status: 'starting', failingStreak: 0, log: [] }

test('commands, shell commands and no check at all', () => {
  const args = (Test: readonly string[]) => probeArgs({ ...plainSpec, healthcheck: { Test } })
  assert.deepEqual(args(['CMD', 'probe', '-x']), ['probe', '-x'])
  assert.deepEqual(args(['CMD-SHELL', 'probe | grep ok']), ['/bin/sh', '-c', 'probe | grep ok'])
  assert.equal(args(['NONE']), undefined)
  assert.equal(args([]), undefined)
})

test('times left out are the classic ones', () => {
  assert.deepEqual(timingsOf({ Interval: 2e9 }), {
    intervalMs: 2000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5000,
    retries: 3,
  })
})

test('failures count in a row, not in the start period, and one success heals', () => {
  const rules = { retries: 2, isInStartPeriod: false }
  const inStart = withProbe(starting, probe(1), { ...rules, isInStartPeriod: true })
  assert.deepEqual([inStart.status, inStart.failingStreak], ['starting', 0])
  const once = withProbe(inStart, probe(1), rules)
  assert.deepEqual([once.status, once.failingStreak], ['starting', 1])
  const twice = withProbe(once, probe(1), rules)
  assert.deepEqual([twice.status, twice.failingStreak], ['unhealthy', 2])
  const healed = withProbe(twice, probe(0), rules)
  assert.deepEqual([healed.status, healed.failingStreak], ['healthy', 0])
  const many = [1, 1, 1, 1].reduce((health, code) => withProbe(health, probe(code), rules), healed)
  assert.equal(many.log.length, 5, 'five probes are kept')
})
