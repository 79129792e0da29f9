import assert from 'node:assert/strict'
import test from 'node:test'
import { abortable, createKeyedMutex, createSingleFlight, mapPool, sleep } from '#base/async.ts'
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

test('a cancelled waiter of a KeyedMutex does not let others past the holder', async () => {
  const mutex = createKeyedMutex()
  const held = await mutex.acquire('a')
  const abort = new AbortController()
  const cancelled = mutex.acquire('a', abort.signal)
  abort.abort()
  await assert.rejects(cancelled, { kind: 'cancelled' })
  let isIn = false
  const next = mutex.acquire('a').then((lock) => {
    isIn = true
    return lock
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isIn, false)
  held[Symbol.dispose]()
  const lock = await next
  lock[Symbol.dispose]()
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

test('abortable() on an aborted signal takes the failure of what it no longer waits for', async (t) => {
  const unhandled = t.mock.fn()
  process.on('unhandledRejection', unhandled)
  t.after(() => process.off('unhandledRejection', unhandled))
  const late = Promise.withResolvers<never>()
  await assert.rejects(abortable(late.promise, AbortSignal.abort()), { kind: 'cancelled' })
  late.reject(new Error('nobody listens'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(unhandled.mock.callCount(), 0)
})
