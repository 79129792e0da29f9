import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { drained } from '#base/drain.ts'
import { EngineError } from '#base/errors.ts'
import type { HijackedConnection } from '#api/answer.ts'

/** How long a client may keep its side open after ours is closed. */
const lingerMs = 10_000

/** A connection out of HTTP's hands: what arrives and what leaves are raw bytes. */
export interface TakenConnection extends HijackedConnection {
  /** Sends the raw head: `HTTP/1.1 101 UPGRADED`. */
  writeHead(statusLine: string, headers: Readonly<Record<string, string>>): void
  /** Half-closes after the last byte, then waits a bounded time for the client's own close. */
  finish(): void
}

/** The connection of a request that Node's `upgrade` event gave away. */
export function takeUpgraded(stream: Duplex, head: Uint8Array): TakenConnection {
  if (head.length > 0) stream.unshift(head)
  return takenConnection(stream, stream)
}

/**
 * The connection of a request without `Upgrade`. With a chunked body, input is
 * that body, which the client keeps sending while we answer. Otherwise
 * it is what follows on the socket; `early` are such bytes that Node's parser
 * met before now and refused.
 */
export function takePlain(
  request: IncomingMessage,
  response: ServerResponse,
  early: readonly Uint8Array[],
): TakenConnection {
  const socket = request.socket
  response.detachSocket(socket)
  if (request.headers['transfer-encoding'] !== undefined) return takenConnection(socket, request)
  // Node's HTTP listeners would read on as if another request came, and close at the half-close.
  for (const event of ['data', 'end', 'drain', 'timeout'] as const) socket.removeAllListeners(event)
  // Takes the reading back from Node's parser now; the iterator does so only when it is first asked.
  socket.on('readable', () => undefined)
  socket.setTimeout(0)
  for (const bytes of early.toReversed()) socket.unshift(bytes)
  return takenConnection(socket, socket)
}

function takenConnection(output: Duplex, input: Readable): TakenConnection {
  const gone = new AbortController()
  const leave = () => gone.abort(new EngineError('cancelled', 'client closed the connection'))
  output.once('close', leave)
  output.on('error', leave)
  if (output.destroyed) leave()
  return {
    input: input.iterator({ destroyOnReturn: false }),
    signal: gone.signal,
    write: (chunk) => writeChunk(output, chunk, gone.signal),
    writeHead(statusLine, headers) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      output.write(`${statusLine}\r\n${lines.join('')}\r\n`)
    },
    finish() {
      if (output.destroyed) return
      output.end()
      input.resume()
      const timer = setTimeout(() => output.destroy(), lingerMs)
      output.once('close', () => clearTimeout(timer))
    },
  }
}

async function writeChunk(output: Duplex, chunk: Uint8Array, signal: AbortSignal): Promise<void> {
  const checkOpen = () => {
    if (output.destroyed || signal.aborted) throw new EngineError('cancelled', 'client is gone')
  }
  checkOpen()
  if (output.write(chunk)) return
  await drained(output)
  checkOpen()
}
