/** The worker thread that reads directories as archives; see extract-worker.ts for its root. */
import { parentPort } from 'node:worker_threads'
import { EngineError } from '#base/errors.ts'
import { detachThreadRoot } from '#sys/chroot.ts'
import { toFailure, type Failure } from '#sys/tar/messages.ts'
import { readTree } from '#sys/tar/tree-reader.ts'

export type ArchiveRequest =
  | {
      readonly type: 'begin'
      readonly directory: string
      readonly asLayer: boolean
      readonly leavesOutRoot: boolean
    }
  /** The next piece, please; one answer to each. */
  | { readonly type: 'next' }
  | { readonly type: 'stop' }

export type ArchiveReply =
  | { readonly type: 'piece'; readonly bytes: Uint8Array }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failure: Failure }

const port = parentPort
if (!port) throw new EngineError('internal', 'archive worker: not a worker thread')
const root = detachThreadRoot()
let pieces: Generator<Uint8Array> | undefined

/** Members are gathered to messages of about this size. */
const messageBytes = 512 * 1024

port.on('message', (request: ArchiveRequest) => {
  try {
    handle(request)
  } catch (error) {
    stop()
    reply({ type: 'failed', failure: toFailure(error) })
  }
})

function handle(request: ArchiveRequest): void {
  switch (request.type) {
    case 'begin':
      root.enter(request.directory)
      pieces = readTree({ asLayer: request.asLayer, leavesOutRoot: request.leavesOutRoot })
      return
    case 'next':
      sendNext()
      return
    case 'stop':
      stop()
      return
  }
}

function sendNext(): void {
  const gathered: Uint8Array[] = []
  for (let length = 0; pieces && length < messageBytes;) {
    const { value, done } = pieces.next()
    if (done === true) pieces = undefined
    else {
      gathered.push(value)
      length += value.length
    }
  }
  if (gathered.length > 0) reply({ type: 'piece', bytes: concatenate(gathered) })
  else {
    stop()
    reply({ type: 'done' })
  }
}

/** In memory of its own, so that it can be transferred. */
function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function stop(): void {
  pieces?.return(undefined)
  pieces = undefined
  root.leave()
}

function reply(message: ArchiveReply): void {
  port?.postMessage(message, message.type === 'piece' ? [message.bytes.buffer as ArrayBuffer] : [])
}
