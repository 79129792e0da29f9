import assert from 'node:assert/strict'
import test from 'node:test'
import {
  abortable,
  createKeyedMutex,
  createSingleFlight,
  mapPool,
  retry,
  sleep,
} from '#base/async.ts'
import { EngineError } from '#base/errors.ts'

test('KeyedMutex lets one holder in per key, in order, and keys do not meet', async () => {
  const mutex = createKeyedMutex()
  const order: string[] = []
  const first = await mutex.acquire('a')
  const second = mutex.acquire('a').then((held) => {
    order.push('second')
    held[Symbol.dispose]()
  })
  const third = mutex.acquire('a').then((held) => {
    order.push('third')
    held[Symbol.dispose]()
  })
  const other = await mutex.acquire('b')
  order.push('other')
  other[Symbol.dispose]()
  first[Symbol.dispose]()
  await Promise.all([second, third])
  assert.deepEqual(order, ['other', 'second', 'third'])
})

test('a cancelled waiter of a KeyedMutex does not block those behind it', async () => {
  const mutex = createKeyedMutex()
  const held = await mutex.acquire('a')
  const abort = new AbortController()
  const cancelled = mutex.acquire('a', abort.signal)
  const behind = mutex.acquire('a')
  abort.abort(new EngineError('cancelled', 'gave up'))
  await assert.rejects(cancelled, { message: 'gave up' })
  held[Symbol.dispose]()
  const next = await behind
  next[Symbol.dispose]()
})

test('single flight shares one run, then runs again', async () => {
  const flight = createSingleFlight<number>()
  let runs = 0
  const work = async () => {
    await sleep(1)
    return ++runs
  }
  assert.deepEqual(await Promise.all([flight('k', work), flight('k', work)]), [1, 1])
  assert.equal(await flight('k', work), 2)
})

test('mapPool keeps order and never exceeds the limit', async () => {
  let running = 0
  let most = 0
  const doubled = await mapPool([1, 2, 3, 4, 5], 2, async (n) => {
    most = Math.max(most, ++running)
    await sleep(1)
    running--
    return n * 2
  })
  assert.deepEqual(doubled, [2, 4, 6, 8, 10])
  assert.equal(most, 2)
})

test('mapPool fails with the first failure and aborts the rest', async () => {
  const aborted: number[] = []
  const failing = mapPool([1, 2], 2, async (n, signal) => {
    if (n === 1) throw new EngineError('unavailable', 'first')
    await sleep(60_000, signal).catch((error: unknown) => {
      aborted.push(n)
      throw error
    })
  })
  await assert.rejects(failing, { message: 'first' })
  assert.deepEqual(aborted, [2])
})

test('abortable() rejects with the reason of the signal', async () => {
  const abort = new AbortController()
  const waiting = abortable(new Promise<never>(() => undefined), abort.signal)
  abort.abort(new EngineError('deadline_exceeded', 'too long'))
  await assert.rejects(waiting, { kind: 'deadline_exceeded' })
})

test('retry() stops at what is not retryable', async () => {
  let attempts = 0
  const options = {
    attempts: 5,
    firstDelayMs: 1,
    isRetryable: (error: unknown) => error instanceof EngineError && error.kind === 'unavailable',
  }
  const work = async () => {
    attempts++
    throw new EngineError(attempts < 3 ? 'unavailable' : 'data_loss', `attempt ${attempts}`)
  }
  await assert.rejects(retry(work, options), { message: 'attempt 3' })
})
