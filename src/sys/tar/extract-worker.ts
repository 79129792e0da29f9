/**
 * The worker thread that extracts layers. It leaves the shared root once, then
 * makes each layer's directory its own root for the time of the job. Every
 * module is loaded before the first chroot, and none afterwards.
 */
import { rmSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { EngineError } from '#base/errors.ts'
import { detachThreadRoot } from '#sys/chroot.ts'
import { createExtraction, type Extraction } from '#sys/tar/extraction.ts'
import { toFailure, type ExtractReply, type ExtractRequest } from '#sys/tar/messages.ts'
import { cleanPath, rooted } from '#sys/tar/paths.ts'

const port = parentPort
if (!port) throw new EngineError('internal', 'extract worker: not a worker thread')
const root = detachThreadRoot()
/** Undefined between jobs, and after a failure until the next `begin`. */
let extraction: Extraction | undefined
/** The main thread waits for an answer. */
let isExpected = false
/** Requests are handled strictly one after the other. */
let turn = Promise.resolve()

port.on('message', (request: ExtractRequest) => {
  // An abort does not wait behind chunks: it makes them pass over.
  if (request.type === 'abort') stop()
  turn = turn.then(() => handle(request)).catch(fail)
})

async function handle(request: ExtractRequest): Promise<void> {
  switch (request.type) {
    case 'begin':
      isExpected = true
      root.enter(request.directory)
      for (const path of request.removes) {
        rmSync(rooted(cleanPath(path)), { recursive: true, force: true })
      }
      extraction = createExtraction(request.limits, request)
      return
    case 'chunk':
      await extraction?.write(request.bytes)
      reply({ type: 'consumed', sizeBytes: request.bytes.length })
      return
    case 'end':
      if (!extraction) return
      conclude({ type: 'done', result: await extraction.finish() })
      return
    case 'abort':
      conclude({ type: 'aborted' })
      return
  }
}

function fail(error: unknown): void {
  conclude({ type: 'failed', failure: toFailure(error) })
}

/** Answers once; what else comes of the job nobody wants to hear. */
function conclude(message: ExtractReply): void {
  stop()
  root.leave()
  if (isExpected) reply(message)
  isExpected = false
}

function stop(): void {
  extraction?.abandon()
  extraction = undefined
}

function reply(message: ExtractReply): void {
  port?.postMessage(message)
}
