/**
 * Layer extraction off the main thread: compressed chunks go in, a filled
 * directory and its diffID come out.
 */
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { defaultTarLimits } from '#oci/tar/types.ts'
import {
  fromFailure,
  type ArchiveForm,
  type EntryOwner,
  type ExtractedLayer,
  type ExtractLimits,
  type ExtractReply,
  type ExtractRequest,
} from '#sys/tar/messages.ts'
import { createWorkerPool, workerModule } from '#sys/tar/worker-pool.ts'

/** Give it chunks, then `finish()`. Disposing without finishing aborts. */
export interface LayerExtractor extends AsyncDisposable {
  /**
   * Hands over a chunk of the blob (copied: the caller may reuse it). Waits while too much
   * is under way. @throws EngineError data_loss, resource_exhausted once the extraction failed
   */
  write(chunk: Uint8Array): Promise<void>
  /** The whole blob was written. @throws as `write` */
  finish(): Promise<ExtractedLayer>
  /** Stops; the directory may be removed when this settles. Never throws. */
  abort(): Promise<void>
}

export interface LayerExtractorOptions {
  /** Existing directory, the root of everything that is extracted. */
  readonly directory: string
  readonly limits?: Partial<ExtractLimits>
  /** `layer` unless told. */
  readonly form?: ArchiveForm
  /** Of everything that is extracted; the archive's own owners when absent. */
  readonly owner?: EntryOwner
  /** Paths below `directory` to remove first. */
  readonly removes?: readonly string[]
  readonly signal?: AbortSignal
}

export const defaultExtractLimits: ExtractLimits = {
  ...defaultTarLimits,
  maxTarBytes: 256 * 2 ** 30,
  maxRatio: 250,
  ratioFromBytes: 4 * 2 ** 30,
}

/** Chunks are gathered to this size: each message between threads costs some 10 µs. */
const messageBytes = 256 * 1024
/** What may be on its way to one worker. */
const maxPendingBytes = 4 * 1024 * 1024

const pool = createWorkerPool({
  module: workerModule('extract-worker', import.meta.url),
  maxWorkers: Math.max(2, Math.min(8, availableParallelism() + 1)),
  maxIdle: 2,
  idleMs: 3000,
})

export function openLayerExtractor(options: LayerExtractorOptions): LayerExtractor {
  const job = createJob(options)
  const gathered = createGathering((bytes) => job.send(bytes))
  const onAbort = () => void job.abort(abortReason(options.signal as AbortSignal))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted === true) onAbort()
  const settle = () => options.signal?.removeEventListener('abort', onAbort)
  const abort = async () => {
    settle()
    await job.abort(new EngineError('cancelled', 'extract layer: aborted'))
  }
  return {
    write: (chunk) => gathered.add(chunk),
    async finish() {
      await gathered.flush()
      const result = await job.finish()
      settle()
      return result
    },
    abort,
    [Symbol.asyncDispose]: abort,
  }
}

interface Gathering {
  add(chunk: Uint8Array): Promise<void>
  flush(): Promise<void>
}

/** Copies chunks together into buffers of their own, which can be transferred. */
function createGathering(send: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>): Gathering {
  let held = new Uint8Array(0)
  let heldBytes = 0
  const flush = async () => {
    if (heldBytes === 0) return
    const full = held.subarray(0, heldBytes)
    held = new Uint8Array(0)
    heldBytes = 0
    await send(full)
  }
  return {
    flush,
    async add(chunk) {
      for (let at = 0; at < chunk.length;) {
        if (held.length === 0) held = new Uint8Array(messageBytes)
        const piece = chunk.subarray(at, at + held.length - heldBytes)
        held.set(piece, heldBytes)
        heldBytes += piece.length
        at += piece.length
        if (heldBytes === held.length) await flush()
      }
    },
  }
}

interface Job {
  send(bytes: Uint8Array<ArrayBuffer>): Promise<void>
  finish(): Promise<ExtractedLayer>
  abort(reason: Error): Promise<void>
}

function beginRequest(options: LayerExtractorOptions): ExtractRequest {
  const { directory, form = 'layer', limits: given, removes = [], owner } = options
  const limits = { ...defaultExtractLimits, ...given }
  return { type: 'begin', directory, limits, form, removes, ...(owner && { owner }) }
}

/** One layer on one worker, from `begin` until the worker is given back. */
function createJob(options: LayerExtractorOptions): Job {
  const outcome = Promise.withResolvers<ExtractedLayer>()
  const released = Promise.withResolvers<void>()
  // Whoever writes next, or finishes, hears of a failure; until then nobody listens.
  outcome.promise.catch(() => undefined)
  const flow = createFlow()
  let isOver = false
  let stopListening = () => {}
  const conclude = (worker: Worker, isReusable: boolean) => {
    if (isOver) return
    isOver = true
    stopListening()
    if (isReusable) pool.release(worker)
    else pool.discard(worker)
    released.resolve()
    flow.open()
  }
  const onReply = (worker: Worker, reply: ExtractReply) => {
    switch (reply.type) {
      case 'consumed':
        flow.consumed(reply.sizeBytes)
        return
      case 'done':
        outcome.resolve(reply.result)
        break
      case 'failed':
        outcome.reject(fromFailure('extract layer', reply.failure))
        break
      case 'aborted':
        break
    }
    conclude(worker, true)
  }
  const begin = async () => {
    const worker = await pool.acquire()
    stopListening = listen(worker, {
      onReply: (reply) => onReply(worker, reply),
      onLost(cause) {
        const message = 'extract layer: the worker thread ended'
        outcome.reject(new EngineError('internal', message, { cause }))
        conclude(worker, false)
      },
    })
    post(worker, beginRequest(options))
    return worker
  }
  // Only with the first bytes: who still waits for a download must not hold a worker, or
  // downloads that wait for workers and workers that wait for downloads would wait for ever.
  let started: Promise<Worker> | undefined
  const start = () => (started ??= begin())
  return {
    async send(bytes) {
      if (isOver) await outcome.promise
      const worker = await start()
      if (isOver) await outcome.promise
      const room = flow.sent(bytes.length)
      post(worker, { type: 'chunk', bytes })
      await room
      if (isOver) await outcome.promise
    },
    async finish() {
      if (isOver) return outcome.promise
      const worker = await start()
      if (!isOver) post(worker, { type: 'end' })
      return outcome.promise
    },
    async abort(reason) {
      outcome.reject(reason)
      if (!started) isOver = true
      if (isOver) return
      const worker = await start()
      if (!isOver) post(worker, { type: 'abort' })
      await released.promise
    },
  }
}

/** Keeps what is on its way to a worker below `maxPendingBytes`. */
interface Flow {
  /** Settles when there is room for more. */
  sent(sizeBytes: number): Promise<void>
  consumed(sizeBytes: number): void
  /** Lets a waiting writer go on, to hear how the job ended. */
  open(): void
}

function createFlow(): Flow {
  let pendingBytes = 0
  let room: PromiseWithResolvers<void> | undefined
  const open = () => {
    room?.resolve()
    room = undefined
  }
  return {
    open,
    async sent(sizeBytes) {
      pendingBytes += sizeBytes
      if (pendingBytes > maxPendingBytes) await (room ??= Promise.withResolvers<void>()).promise
    },
    consumed(sizeBytes) {
      pendingBytes -= sizeBytes
      if (pendingBytes <= maxPendingBytes) open()
    },
  }
}

interface Listener {
  readonly onReply: (reply: ExtractReply) => void
  readonly onLost: (cause: unknown) => void
}

/** Listens until the returned function is called; the worker's own listeners stay. */
function listen(worker: Worker, { onReply, onLost }: Listener): () => void {
  worker.on('message', onReply)
  worker.on('error', onLost)
  worker.on('exit', onLost)
  return () => {
    worker.off('message', onReply)
    worker.off('error', onLost)
    worker.off('exit', onLost)
  }
}

function post(worker: Worker, request: ExtractRequest): void {
  const transfer = request.type === 'chunk' ? [request.bytes.buffer as ArrayBuffer] : []
  worker.postMessage(request, transfer)
}
