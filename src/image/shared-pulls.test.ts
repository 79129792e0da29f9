import assert from 'node:assert/strict'
import test from 'node:test'
import { abortable } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { status } from '#image/progress.ts'
import { createSharedWork } from '#image/shared-pulls.ts'
import type { ImageProgress, OnProgress } from '#image/types.ts'

function listener(signal = new AbortController().signal) {
  const seen: string[] = []
  const onProgress = (event: ImageProgress) => {
    if (event.type === 'status') seen.push(event.text)
  }
  return { seen, caller: { onProgress, signal } }
}

test('callers of one key share the work, and who joins late is told where it stands', async () => {
  const shared = createSharedWork<number>()
  const gate = Promise.withResolvers<number>()
  let runs = 0
  const start = (onProgress: OnProgress) => {
    runs++
    onProgress(status('Waiting', 'layer'))
    onProgress(status('Pull complete', 'layer'))
    return gate.promise
  }
  const first = listener()
  const second = listener()
  const joined = [shared.join('k', first.caller, start), shared.join('k', second.caller, start)]
  gate.resolve(7)
  assert.deepEqual(await Promise.all(joined), [7, 7])
  assert.equal(runs, 1)
  assert.deepEqual(second.seen, ['Pull complete'])
})

test('the work goes on until the last caller has left', async () => {
  const shared = createSharedWork<never>()
  const aborted: unknown[] = []
  const start = (_: OnProgress, signal: AbortSignal) =>
    abortable(new Promise<never>(() => undefined), signal).catch((error: unknown) => {
      aborted.push(error)
      throw error
    })
  const [one, two] = [new AbortController(), new AbortController()]
  const first = shared.join('k', listener(one.signal).caller, start)
  const second = shared.join('k', listener(two.signal).caller, start)
  one.abort(new EngineError('cancelled', 'first left'))
  await assert.rejects(first, { message: 'first left' })
  assert.equal(aborted.length, 0)
  two.abort(new EngineError('cancelled', 'second left'))
  await assert.rejects(second, { message: 'second left' })
  assert.equal(aborted.length, 1)
})
