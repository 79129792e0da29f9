import assert from 'node:assert/strict'
import test from 'node:test'
import { instantFromMillis, type Instant } from '#base/clock.ts'
import { createEvents } from '#engine/events.ts'
import type { EngineEvent, Events } from '#engine/types.ts'

function hub(): { readonly events: Events; readonly publish: (count: number) => void } {
  let millis = 0
  const events = createEvents(() => instantFromMillis(millis))
  const publish = (count: number) => {
    for (let index = 0; index < count; index++) {
      millis++
      events.publish({ type: 'container', action: `a${millis}`, actorId: 'x', attributes: {} })
    }
  }
  return { events, publish }
}

const at = (millis: number): Instant => instantFromMillis(millis)

async function actions(stream: AsyncIterable<EngineEvent>, count = Infinity): Promise<string[]> {
  const seen: string[] = []
  if (count === 0) return seen
  for await (const { action } of stream) if (seen.push(action) >= count) break
  return seen
}

test('only the last 256 events are kept', async () => {
  const { events, publish } = hub()
  publish(300)
  const { signal } = new AbortController()
  const past = await actions(events.subscribe({ since: at(0), until: at(300) }, signal))
  assert.equal(past.length, 256)
  assert.deepEqual([past[0], past.at(-1)], ['a45', 'a300'])
})

test('past events begin at `since` and end at an `until` that has passed', async () => {
  const { events, publish } = hub()
  publish(10)
  const { signal } = new AbortController()
  const range = { since: at(3), until: at(5) }
  assert.deepEqual(await actions(events.subscribe(range, signal)), ['a3', 'a4', 'a5'])
  assert.deepEqual(await actions(events.subscribe({ until: at(2) }, signal)), ['a1', 'a2'])
})

test('without a range only new events come, from the call on', async () => {
  const { events, publish } = hub()
  publish(3)
  const stream = events.subscribe({}, new AbortController().signal)
  publish(2)
  assert.deepEqual(await actions(stream, 2), ['a4', 'a5'])
})

test('past and new events meet without a gap', async () => {
  const { events, publish } = hub()
  publish(3)
  const stream = events.subscribe({ since: at(2) }, new AbortController().signal)
  publish(2)
  assert.deepEqual(await actions(stream, 4), ['a2', 'a3', 'a4', 'a5'])
})

test('a reader that leaves ends its stream', async () => {
  const { events } = hub()
  const abort = new AbortController()
  const reading = actions(events.subscribe({}, abort.signal))
  abort.abort()
  assert.deepEqual(await reading, [])
})
