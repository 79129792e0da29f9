import assert from 'node:assert/strict'
import test from 'node:test'
import { parseJsonLines } from '#client/jsonlines.ts'

async function parseChunks(...chunks: readonly Uint8Array[]): Promise<unknown[]> {
  async function* source() {
    yield* chunks
  }
  const values: unknown[] = []
  for await (const value of parseJsonLines(source())) values.push(value)
  return values
}

const bytes = (text: string) => new TextEncoder().encode(text)

test('parseJsonLines() splits on both line ends and takes a last line without one', async () => {
  assert.deepEqual(await parseChunks(bytes('{"a":1}\r\n\r\n{"a":2}\n{"a":3}')), [
    { a: 1 },
    { a: 2 },
    { a: 3 },
  ])
})

test('parseJsonLines() joins records and characters that chunks cut', async () => {
  const text = bytes('{"status":"grüß"}\n{"b":[1,2]}\n')
  const whole = [{ status: 'grüß' }, { b: [1, 2] }]
  for (let cut = 0; cut <= text.length; cut++) {
    assert.deepEqual(await parseChunks(text.slice(0, cut), text.slice(cut)), whole, `cut at ${cut}`)
  }
})

test('parseJsonLines() keeps integers beyond 2^53', async () => {
  assert.deepEqual(await parseChunks(bytes('{"timeNano":1763950000123456789,"time":1763950000}')), [
    { timeNano: 1763950000123456789n, time: 1763950000 },
  ])
})
