import assert from 'node:assert/strict'
import test from 'node:test'
import { nextDelayMs, wantsRestart } from '#container/restart-policy.ts'
import type { RestartPolicy } from '#container/types.ts'

test('each policy wants what its name says', () => {
  const wants = (
    policy: RestartPolicy,
    code: number,
    past: { tries?: number; isStopped?: true } = {},
  ) =>
    wantsRestart(
      { policy, restartCount: past.tries ?? 0, isStoppedByUser: past.isStopped === true },
      { code },
    )
  assert.equal(wants({ name: 'no' }, 1), false)
  assert.equal(wants({ name: 'always' }, 0), true)
  assert.equal(wants({ name: 'unless-stopped' }, 0), true)
  assert.equal(wants({ name: 'always' }, 1, { isStopped: true }), false, 'a user stopped it')
  assert.equal(wants({ name: 'on-failure', maximumRetryCount: 0 }, 0), false)
  assert.equal(
    wants({ name: 'on-failure', maximumRetryCount: 0 }, 1, { tries: 99 }),
    true,
    'no limit',
  )
  assert.equal(wants({ name: 'on-failure', maximumRetryCount: 2 }, 1, { tries: 1 }), true)
  assert.equal(
    wants({ name: 'on-failure', maximumRetryCount: 2 }, 1, { tries: 2 }),
    false,
    'tries are used up',
  )
})

test('the delay doubles up to a minute and begins anew after a steady run', () => {
  const delays: number[] = []
  let delay: number | undefined
  for (let run = 0; run < 12; run++) {
    delay = nextDelayMs(delay, 50)
    delays.push(delay)
  }
  assert.deepEqual(
    delays,
    [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000],
  )
  assert.equal(nextDelayMs(60_000, 9999), 60_000)
  assert.equal(nextDelayMs(60_000, 10_000), 100)
})
