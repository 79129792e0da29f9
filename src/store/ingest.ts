import { createHash, type Hash } from 'node:crypto'
import { open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { abortReason, type KeyedMutex } from '#base/async.ts'
import { EngineError, errorKind } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import type { Logger } from '#base/log.ts'
import { undoing } from '#base/undo.ts'
import { digestAlgorithm, digestHex, parseDigest, type Digest } from '#oci/digest.ts'
import { explainFullDisk } from '#store/full-disk.ts'
import type { ContentStore, IngestOptions } from '#store/types.ts'

export interface IngestPlaces {
  /** Directory of blobs being written, emptied by each start of the engine. */
  readonly ingests: string
  /** The same for those that can be resumed: kept until the machine starts anew. */
  readonly resumable: string
  /** Directory that holds the blobs of this digest's algorithm. */
  directory(digest: Digest): string
  blob(digest: Digest): string
}

export interface IngestDeps {
  readonly places: IngestPlaces
  readonly locks: KeyedMutex
  /** Paths of the ingests that are going on. */
  readonly active: Set<string>
  readonly store: Pick<ContentStore, 'find' | 'read'>
  readonly log: Logger
}

/** Chunks are gathered up to this size before they are written. */
const writeBytes = 512 * 1024

/**
 * See ContentStore.ingest. Ingests of one digest take turns; who finds the blob
 * already there gets it replayed from the store instead of calling `source`, so `tee`
 * always sees every byte from the first.
 */
export async function ingestBlob(
  deps: IngestDeps,
  options: IngestOptions,
  signal?: AbortSignal,
): Promise<Digest> {
  const { expected, lease } = options
  const { ingests, resumable } = deps.places
  if (!expected) {
    return writeIngest(deps, { options, path: join(ingests, randomId()), signal })
  }
  using _ = await deps.locks.acquire(expected.digest, signal)
  lease.keepContent(expected.digest)
  if (deps.store.find(expected.digest)) {
    if (options.tee)
      for await (const chunk of deps.store.read(expected.digest)) await options.tee(chunk)
    return expected.digest
  }
  // Awaited here: the lock lasts until this function is left.
  const path = join(options.resume === true ? resumable : ingests, digestHex(expected.digest))
  return await writeIngest(deps, { options, path, signal })
}

interface IngestRun {
  readonly options: IngestOptions
  /** The file until it is whole. */
  readonly path: string
  readonly signal: AbortSignal | undefined
}

async function writeIngest(deps: IngestDeps, run: IngestRun): Promise<Digest> {
  const { path } = run
  deps.active.add(path)
  try {
    return await receive(deps, run)
  } catch (error) {
    const failure = explainFullDisk(run.options.expected?.digest ?? 'content', error)
    if (run.options.resume !== true || mustDrop(failure)) {
      await undoing(deps.log, 'drop ingest', () => unlink(path))()
    }
    throw failure
  } finally {
    deps.active.delete(path)
  }
}

/** What cannot be continued: wrong bytes, and a disk that has no room for the right ones. */
function mustDrop(error: unknown): boolean {
  const kind = errorKind(error)
  return kind === 'data_loss' || kind === 'resource_exhausted'
}

async function receive(deps: IngestDeps, run: IngestRun): Promise<Digest> {
  const { path } = run
  const { expected, lease, tee } = run.options
  const algorithm = expected ? digestAlgorithm(expected.digest) : 'sha256'
  const hash = createHash(algorithm)
  // A resumed file is read from its start and appended to.
  await using file = await open(path, run.options.resume === true ? 'a+' : 'w', 0o600)
  const sink = createSink({ file, hash, tee, limitBytes: expected?.sizeBytes })
  if (run.options.resume === true) await rehash(file, sink, run.signal)
  const heldBytes = sink.sizeBytes()
  if (expected?.sizeBytes === undefined || heldBytes < expected.sizeBytes) {
    for await (const chunk of run.options.source(heldBytes)) {
      if (run.signal?.aborted === true) throw abortReason(run.signal)
      await sink.write(chunk)
    }
  }
  await sink.flush()
  const digest = parseDigest(`${algorithm}:${hash.digest('hex')}`)
  verify(expected, digest, sink.sizeBytes())
  await file.sync()
  lease.keepContent(digest)
  await rename(path, deps.places.blob(digest))
  await syncDirectory(deps.places.directory(digest))
  return digest
}

interface Sink {
  /** Hashes, writes and passes on. */
  write(chunk: Uint8Array): Promise<void>
  /** Hashes and passes on what the file holds already. */
  replay(chunk: Uint8Array): Promise<void>
  flush(): Promise<void>
  sizeBytes(): number
}

interface SinkOptions {
  readonly file: FileHandle
  readonly hash: Hash
  readonly tee: IngestOptions['tee']
  readonly limitBytes: number | undefined
}

function createSink({ file, hash, tee, limitBytes }: SinkOptions): Sink {
  let total = 0
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  const account = (chunk: Uint8Array) => {
    total += chunk.length
    if (limitBytes !== undefined && total > limitBytes) throw wrongSize(total, limitBytes)
    hash.update(chunk)
  }
  const flush = async () => {
    const batch = pending
    let left = pendingBytes
    pending = []
    pendingBytes = 0
    if (batch.length === 0) return
    const { bytesWritten } = await file.writev(batch)
    left -= bytesWritten
    // A short write means that the disk is filling up: the rest tells the errno.
    if (left > 0) await file.appendFile(Buffer.concat(batch).subarray(bytesWritten))
  }
  return {
    async replay(chunk) {
      account(chunk)
      await tee?.(chunk)
    },
    async write(chunk) {
      account(chunk)
      pending.push(chunk)
      pendingBytes += chunk.length
      if (pendingBytes >= writeBytes) await flush()
      await tee?.(chunk)
    },
    flush,
    sizeBytes: () => total,
  }
}

async function rehash(file: FileHandle, sink: Sink, signal?: AbortSignal): Promise<void> {
  const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: writeBytes })
  for await (const chunk of stream) {
    if (signal?.aborted === true) throw abortReason(signal)
    await sink.replay(chunk)
  }
}

function verify(expected: IngestOptions['expected'], digest: Digest, sizeBytes: number): void {
  if (!expected) return
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== sizeBytes) {
    throw wrongSize(sizeBytes, expected.sizeBytes)
  }
  if (expected.digest !== digest) {
    throw new EngineError(
      'data_loss',
      `verify content: expected ${expected.digest}, received ${digest}`,
    )
  }
}

function wrongSize(received: number, expected: number): EngineError {
  return new EngineError(
    'data_loss',
    `verify content: expected ${expected} bytes, received ${received > expected ? 'more' : received}`,
  )
}

/** Makes a rename in `directory` survive a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  await using opened = await open(directory)
  await opened.sync()
}
