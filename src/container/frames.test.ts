import assert from 'node:assert/strict'
import test from 'node:test'
import { filterFrames } from '#container/frames.ts'
import { frameHeaderBytes, writeFrameHeader } from '#runtime/frame.ts'

function frame(stream: 'stdout' | 'stderr', bytes: Buffer): Buffer {
  const header = Buffer.alloc(frameHeaderBytes)
  writeFrameHeader(header, 0, { stream, length: bytes.length })
  return Buffer.concat([header, bytes])
}

async function* cut(bytes: Buffer, size: number) {
  for (let offset = 0; offset < bytes.length; offset += size) {
    yield bytes.subarray(offset, offset + size)
  }
}

test('the chosen stream comes out whole, wherever the chunks are cut', async () => {
  const stdout = [frame('stdout', Buffer.from('one')), frame('stdout', Buffer.alloc(5000, 'x'))]
  const mixed = Buffer.concat([
    stdout[0] ?? Buffer.alloc(0),
    frame('stderr', Buffer.from('noise')),
    stdout[1] ?? Buffer.alloc(0),
    frame('stderr', Buffer.from('more')),
  ])
  for (const size of [1, 3, 7, 8, 9, 11, 4096, mixed.length]) {
    const kept: Uint8Array[] = []
    const choice = { stdout: true, stderr: false }
    for await (const chunk of filterFrames(cut(mixed, size), choice)) kept.push(chunk)
    assert.deepEqual(Buffer.concat(kept), Buffer.concat(stdout), `cut every ${size} bytes`)
  }
})
