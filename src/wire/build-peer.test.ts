import assert from 'node:assert/strict'
import test from 'node:test'
import { PassThrough } from 'node:stream'
import { openClientPeer, openEnginePeer } from '#wire/build-peer.ts'
import { decodeFrames, encodeFrame } from '#wire/build-session.ts'

function pair() {
  const toEngine = new PassThrough()
  const toClient = new PassThrough()
  const writer = (stream: PassThrough) => (chunk: Uint8Array) =>
    new Promise<void>((resolve) => stream.write(chunk, () => resolve()))
  const client = openClientPeer({ input: toClient, write: writer(toEngine) })
  const engine = openEnginePeer({ input: toEngine, write: writer(toClient) })
  return { client, engine, hangUp: () => toEngine.end() }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

test('messages and channels of both sides do not mix', async () => {
  const { client, engine } = pair()
  const up = client.open()
  const down = engine.open()
  assert.notEqual(up.number, down.number)
  const received = textOf(engine.channel(up.number).input)
  const answered = textOf(client.channel(down.number).input)
  await client.send({ type: 'archive', context: 'c', channel: up.number })
  await up.write(Buffer.from('one '))
  await down.write(Buffer.from('down'))
  await up.write(Buffer.from('two'))
  await Promise.all([up.end(), down.end()])
  assert.deepEqual([await received, await answered], ['one two', 'down'])
  const first = await engine.messages[Symbol.asyncIterator]().next()
  assert.deepEqual(first.value, { type: 'archive', context: 'c', channel: up.number })
})

test('a connection that ends fails what waits for a channel, and ends the messages', async () => {
  const { client, engine, hangUp } = pair()
  const channel = client.open()
  const waiting = textOf(engine.channel(channel.number).input)
  hangUp()
  await assert.rejects(waiting, { kind: 'cancelled' })
  assert.equal((await engine.messages[Symbol.asyncIterator]().next()).done, true)
})

test('frames are found whatever the chunks; one cut short is an error', async () => {
  const bytes = Buffer.concat([
    encodeFrame(3, Buffer.from('abc')),
    encodeFrame(5, new Uint8Array(0)),
  ])
  for (const size of [1, 7, 8, 9, 100]) {
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    }
    const frames = await Array.fromAsync(decodeFrames(chunks()), ({ channel, payload }) => [
      channel,
      Buffer.from(payload).toString(),
    ])
    assert.deepEqual(frames, [
      [3, 'abc'],
      [5, ''],
    ])
  }
  const cut = decodeFrames(
    (async function* () {
      yield bytes.subarray(0, 9)
    })(),
  )
  await assert.rejects(cut.next(), { kind: 'invalid_argument' })
})
