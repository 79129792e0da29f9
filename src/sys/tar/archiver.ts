/** A directory as a tar archive, read off the main thread. */
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import type { ArchiveReply, ArchiveRequest } from '#sys/tar/archive-worker.ts'
import { fromFailure } from '#sys/tar/messages.ts'
import { createWorkerPool, workerModule } from '#sys/tar/worker-pool.ts'

export interface ArchiveOptions {
  /** Becomes the archive's root `./`. */
  readonly directory: string
  /** For the upper directory of an overlay: removed entries become OCI whiteouts. */
  readonly asLayer?: boolean
  /** No member for the directory itself. */
  readonly leavesOutRoot?: boolean
}

const pool = createWorkerPool({
  module: workerModule('archive-worker', import.meta.url),
  maxWorkers: 4,
  maxIdle: 1,
  idleMs: 3000,
})

/**
 * The archive's bytes: uncompressed, members sorted by name, so that the same tree gives
 * the same bytes. One piece is read ahead; leaving the loop early stops the reading.
 * @throws EngineError with the errno of a failed read
 */
export async function* archiveDirectory(
  options: ArchiveOptions,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const worker = await pool.acquire()
  const send = (request: ArchiveRequest) => worker.postMessage(request, [])
  let isHealthy = false
  try {
    const { directory, asLayer = false, leavesOutRoot = false } = options
    send({ type: 'begin', directory, asLayer, leavesOutRoot })
    let next = ask(worker)
    for (;;) {
      if (signal?.aborted === true) throw abortReason(signal)
      const reply = await next
      if (reply.type === 'done') break
      if (reply.type === 'failed') throw fromFailure('archive directory', reply.failure)
      next = ask(worker)
      yield reply.bytes
    }
    isHealthy = true
  } finally {
    // A reply may still be on its way to whoever uses the worker next.
    if (isHealthy) pool.release(worker)
    else pool.discard(worker)
  }
}

async function ask(worker: Worker): Promise<ArchiveReply> {
  const left = new AbortController()
  const exited = once(worker, 'exit', { signal: left.signal }).then(() => {
    throw new EngineError('internal', 'archive directory: the worker thread ended')
  })
  const replied = once(worker, 'message', { signal: left.signal })
  worker.postMessage({ type: 'next' } satisfies ArchiveRequest, [])
  const settled = Promise.race([replied, exited])
  settled.catch(() => undefined)
  exited.catch(() => undefined)
  replied.catch(() => undefined)
  try {
    const [reply] = await settled
    return reply
  } finally {
    left.abort()
  }
}
