/** Reading, comparing and copying trees, off the main thread. */
import { once } from 'node:events'
import { abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { createWorkerPool, workerModule } from '#sys/tar/worker-pool.ts'
import type { LayerDigest } from '#sys/trees/layer-digest.ts'
import {
  type CopyTarget,
  type FoundArchive,
  fromTreeFailure,
  type NewDirectory,
  type Selection,
  type TreeReply,
  type TreeRequest,
  type TreeResults,
  type TreeSource,
} from '#sys/trees/messages.ts'

const pool = createWorkerPool({
  module: workerModule('tree-worker', import.meta.url),
  maxWorkers: 4,
  maxIdle: 2,
  idleMs: 10_000,
})

/**
 * What the upper directory of an overlay is worth as a layer.
 * @param latestTime seconds since the epoch; what is newer gets this time first
 */
export function digestLayer(
  directory: string,
  latestTime: number | undefined,
  signal: AbortSignal,
): Promise<LayerDigest> {
  return perform({ type: 'digest-layer', directory, latestTime }, signal)
}

/** Digest of the selected files, times left out. @throws EngineError not_found `"/x": not found` */
export function digestFiles(
  source: TreeSource,
  select: { readonly selection: Selection; readonly listingDirectory?: string },
  signal: AbortSignal,
): Promise<string> {
  return perform({ type: 'select', source, ...select }, signal)
}

/** Copies the selected files; archives that the target leaves are returned instead. */
export function copyFiles(
  source: TreeSource,
  copy: { readonly selection: Selection; readonly target: CopyTarget },
  signal: AbortSignal,
): Promise<readonly FoundArchive[]> {
  return perform({ type: 'copy', source, ...copy }, signal)
}

/** Makes a directory and what is missing on the way: 0755, of that owner. */
export async function makeDirectory(directory: NewDirectory, signal: AbortSignal): Promise<void> {
  await perform({ type: 'make-directory', directory }, signal)
}

async function perform<T extends TreeRequest['type']>(
  request: Extract<TreeRequest, { type: T }>,
  signal: AbortSignal,
): Promise<TreeResults[T]> {
  if (signal.aborted) throw abortReason(signal)
  const worker = await pool.acquire()
  const left = new AbortController()
  const options = { signal: AbortSignal.any([signal, left.signal]) }
  let isHealthy = false
  try {
    const replied = once(worker, 'message', options)
    const exited = once(worker, 'exit', options).then(() => {
      throw new EngineError('internal', 'work on a tree: the worker thread ended')
    })
    exited.catch(() => undefined)
    worker.postMessage(request, [])
    const [reply]: TreeReply[] = await Promise.race([replied, exited])
    isHealthy = true
    if (reply?.type === 'done') return reply.result as TreeResults[T]
    throw reply ? fromTreeFailure(reply.failure) : new EngineError('internal', 'no reply')
  } catch (error) {
    throw signal.aborted ? abortReason(signal) : error
  } finally {
    left.abort()
    if (isHealthy) pool.release(worker)
    else pool.discard(worker)
  }
}
