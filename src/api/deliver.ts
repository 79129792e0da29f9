import type { ServerResponse } from 'node:http'
import { drained } from '#base/drain.ts'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { Answer, HijackAnswer, StreamAnswer } from '#api/answer.ts'
import { contentTypes } from '#api/headers.ts'
import { toFailure } from '#api/status.ts'

/** Chunks are gathered up to this size, or until the event loop turns, before they are written. */
const batchBytes = 64 * 1024

/** Writes an answer to a response whose common headers are set. Never throws. */
export async function deliver(
  response: ServerResponse,
  answer: Exclude<Answer, HijackAnswer>,
  log: Logger,
): Promise<void> {
  switch (answer.type) {
    case 'json':
      return sendText(response, answer.status, `${JSON.stringify(answer.value)}\n`)
    case 'json-text':
      return sendText(response, answer.status, `${answer.text}\n`)
    case 'text':
      response.setHeaders(new Map(Object.entries(answer.headers)))
      response.setHeader('Content-Length', Buffer.byteLength(answer.text))
      response.writeHead(answer.status).end(answer.text)
      return
    case 'empty':
      if (answer.status === 200) response.setHeader('Content-Length', 0)
      response.writeHead(answer.status).end()
      return
    case 'stream':
      return sendStream(response, answer, log)
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.setHeader('Content-Type', contentTypes.json)
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.writeHead(status).end(text)
}

async function sendStream(
  response: ServerResponse,
  answer: StreamAnswer,
  log: Logger,
): Promise<void> {
  response.setHeader('Content-Type', answer.contentType)
  if (answer.flush === 'now') response.flushHeaders()
  const batch = createBatch(response)
  try {
    for await (const chunk of answer.chunks) {
      if (response.destroyed) break
      const isFull = batch.add(chunk)
      if (isFull) await batch.flush()
    }
    await batch.flush()
    response.end()
  } catch (error) {
    if (!response.headersSent && !response.destroyed) {
      const { status, message } = toFailure(error)
      return sendText(response, status, `${JSON.stringify({ message })}\n`)
    }
    // The status is out: cutting the chunked body short is how the client learns of it.
    if (!response.destroyed) log.warn({ reason: errorMessage(error) }, 'response cut short')
    await batch.flush()
    response.destroy()
  }
}

interface Batch {
  /** True when the caller should flush before it adds more. */
  add(chunk: Uint8Array | string): boolean
  /** Writes what is gathered and waits until the client has taken enough of it. */
  flush(): Promise<void>
}

function createBatch(response: ServerResponse): Batch {
  let chunks: Uint8Array[] = []
  let bytes = 0
  let isScheduled = false

  function write(): void {
    isScheduled = false
    if (bytes === 0) return
    const [only] = chunks
    const block = chunks.length === 1 && only ? only : Buffer.concat(chunks)
    chunks = []
    bytes = 0
    if (!response.destroyed) response.write(block)
  }

  return {
    add(chunk) {
      const encoded = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      chunks.push(encoded)
      bytes += encoded.length
      if (!isScheduled) {
        isScheduled = true
        setImmediate(write)
      }
      return bytes >= batchBytes || response.writableNeedDrain
    },
    async flush() {
      write()
      await drained(response)
    },
  }
}
