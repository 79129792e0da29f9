import { createReadStream, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeyedMutex } from '#base/async.ts'
import { EngineError, errnoOf } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import type { Logger } from '#base/log.ts'
import { digestAlgorithm, digestHex, parseDigest, type Digest } from '#oci/digest.ts'
import { ingestBlob, type IngestPlaces } from '#store/ingest.ts'
import type { ContentStore } from '#store/types.ts'

const defaultMaxBytes = 4 * 1024 * 1024
const readBytes = 256 * 1024

/** The content store as gc sees it. */
export interface OpenContentStore extends ContentStore {
  /** Drops interrupted ingests that nobody is continuing. */
  dropIdleIngests(): Promise<void>
}

export interface ContentStoreOptions {
  readonly root: string
  readonly log: Logger
  /** Tells this run of the machine from others: /proc/sys/kernel/random/boot_id. */
  readonly bootId: string
}

/**
 * Opens `<root>/content`. What an earlier engine left half-written is dropped, except what can be
 * resumed: all that it wrote is there as long as the machine runs, on disk or not.
 */
export function openContentStore(options: ContentStoreOptions): OpenContentStore {
  const places = makePlaces(join(options.root, 'content'), options.bootId)
  const locks = createKeyedMutex()
  const active = new Set<string>()
  const store: OpenContentStore = {
    find(digest) {
      const stats = statSync(places.blob(digest), { throwIfNoEntry: false })
      return stats?.isFile() === true ? { sizeBytes: stats.size } : undefined
    },
    path(digest) {
      if (store.find(digest)) return places.blob(digest)
      throw missing(digest)
    },
    read: (digest, offset = 0) => readBlob(places.blob(digest), digest, offset),
    readAll: (digest, maxBytes = defaultMaxBytes) =>
      readWhole(places.blob(digest), digest, maxBytes),
    ingest: (ingestOptions, signal) =>
      ingestBlob({ places, locks, active, store, log: options.log }, ingestOptions, signal),
    async remove(digest) {
      // Gone at once, so that gc's check and the removal cannot be parted; freeing takes longer.
      const doomed = join(places.ingests, randomId())
      if (moveIfPresent(places.blob(digest), doomed)) await removeFile(doomed)
    },
    async dropIdleIngests() {
      for (const directory of [places.ingests, places.resumable]) {
        for (const path of readdirSync(directory).map((name) => join(directory, name))) {
          if (!active.has(path)) await removeFile(path)
        }
      }
    },
    list: () => listBlobs(places, store),
  }
  return store
}

function makePlaces(base: string, bootId: string): IngestPlaces {
  const ingests = join(base, 'ingest')
  const resumables = join(base, 'resumable')
  const resumable = join(resumables, bootId)
  rmSync(ingests, { recursive: true, force: true })
  mkdirSync(ingests, { recursive: true, mode: 0o700 })
  mkdirSync(resumable, { recursive: true, mode: 0o700 })
  for (const boot of readdirSync(resumables)) {
    if (boot !== bootId) rmSync(join(resumables, boot), { recursive: true, force: true })
  }
  const directory = (algorithm: string) => join(base, 'blobs', algorithm)
  for (const algorithm of ['sha256', 'sha512']) {
    mkdirSync(directory(algorithm), { recursive: true, mode: 0o700 })
  }
  return {
    ingests,
    resumable,
    directory: (digest) => directory(digestAlgorithm(digest)),
    blob: (digest) => join(directory(digestAlgorithm(digest)), digestHex(digest)),
  }
}

function moveIfPresent(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error
  })
}

function missing(digest: Digest): EngineError {
  return new EngineError('not_found', `content digest ${digest}: not found`)
}

async function* readBlob(path: string, digest: Digest, offset: number): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { start: offset, highWaterMark: readBytes })
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? missing(digest) : error
  }
}

async function readWhole(path: string, digest: Digest, maxBytes: number): Promise<Uint8Array> {
  await using file = await open(path).catch((error: unknown) => {
    throw errnoOf(error) === 'ENOENT' ? missing(digest) : error
  })
  const { size } = await file.stat()
  if (size > maxBytes) {
    throw new EngineError(
      'resource_exhausted',
      `read content ${digest}: ${size} bytes exceed the limit of ${maxBytes}`,
    )
  }
  return await file.readFile()
}

function* listBlobs(places: IngestPlaces, store: ContentStore) {
  for (const algorithm of ['sha256', 'sha512']) {
    const sample = parseDigest(`${algorithm}:${'0'.repeat(algorithm === 'sha256' ? 64 : 128)}`)
    for (const hex of readdirSync(places.directory(sample))) {
      const digest = parseDigest(`${algorithm}:${hex}`)
      const found = store.find(digest)
      if (found) yield { digest, sizeBytes: found.sizeBytes }
    }
  }
}
