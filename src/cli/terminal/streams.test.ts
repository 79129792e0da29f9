import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Output } from '#cli/output.ts'
import { copyOutput } from '#cli/terminal/streams.ts'
import { encodeStdcopyFrame, type StdcopyStream } from '#wire/stdcopy.ts'

function recordingOutput() {
  const writes: string[] = []
  const output: Output = {
    write: () => assert.fail('a text was written'),
    writeError: () => assert.fail('an error text was written'),
    async writeBytes(bytes, isError = false) {
      writes.push(`${isError ? 'err' : 'out'}:${Buffer.from(bytes).toString()}`)
    },
    columns: () => undefined,
  }
  return { output, writes }
}

async function* chunked(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

function frame(stream: StdcopyStream, text: string): Uint8Array {
  return encodeStdcopyFrame(stream, Buffer.from(text))
}

test('copyOutput writes the neighbouring frames of a chunk at once and keeps the order of the streams', async () => {
  const { output, writes } = recordingOutput()
  const first = Buffer.concat([
    frame('stdout', 'a'),
    frame('stdout', 'b'),
    frame('stderr', 'c'),
    frame('stdout', 'd'),
  ])
  await copyOutput(chunked(first, frame('stdout', 'e')), true, output)
  assert.deepEqual(writes, ['out:ab', 'err:c', 'out:d', 'out:e'])
})

test('copyOutput passes the bytes of a terminal as they come', async () => {
  const { output, writes } = recordingOutput()
  await copyOutput(chunked(Buffer.from('a'), Buffer.from('b')), false, output)
  assert.deepEqual(writes, ['out:a', 'out:b'])
})

test('copyOutput writes what came before a failure of the engine, then throws its text', async () => {
  const { output, writes } = recordingOutput()
  const chunk = Buffer.concat([frame('stdout', 'a'), frame('systemerr', 'disk is gone')])
  await assert.rejects(copyOutput(chunked(chunk), true, output), {
    kind: 'internal',
    message: 'error from daemon in stream: disk is gone',
  })
  assert.deepEqual(writes, ['out:a'])
})
