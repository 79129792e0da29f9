/**
 * The outer tar of `docker load`. Each member goes straight into the content store, so an
 * archive of any size takes no memory, and no name in it ever becomes a path on this machine.
 */
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { extract, type Extract } from 'tar-stream'
import { abortReason } from '#base/async.ts'
import { EngineError, errorMessage, findEngineError } from '#base/errors.ts'
import { type Compression, sniffCompression } from '#oci/compression.ts'
import type { Digest } from '#oci/digest.ts'
import type { ContentStore, Lease } from '#store/types.ts'
import { undoForeignCompression } from '#sys/foreign-compression.ts'

export interface StoredArchive {
  /** The member of that name, links followed. */
  find(name: string): Digest | undefined
  /** A small member. @throws EngineError invalid_argument when there is none */
  readAll(name: string): Promise<Uint8Array>
}

export interface ArchiveTarget {
  readonly content: ContentStore
  readonly lease: Lease
}

const maxMembers = 100_000
const maxLinkHops = 8

type Entry = Extract extends AsyncIterable<infer T> ? T : never

type Member =
  | { readonly type: 'file'; readonly digest: Digest }
  | { readonly type: 'link'; readonly to: string }

/**
 * Stores the members of a tar, plain or compressed.
 * @throws EngineError invalid_argument when it is no archive
 */
export async function storeArchive(
  target: ArchiveTarget,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<StoredArchive> {
  const members = new Map<string, Member>()
  const parser = extract()
  const plain = await decompress(undoForeignCompression(archive))
  const reading = pipeline(plain, parser, { signal })
  const collecting = collect(target, { parser, members }, signal)
  const [fed, collected] = await Promise.allSettled([reading, collecting])
  if (signal.aborted) throw abortReason(signal)
  const failures = [fed, collected].flatMap((one) => (one.status === 'rejected' ? [one] : []))
  if (failures.length > 0) throw archiveError(failures.map(({ reason }) => reason))
  return createStoredArchive(target.content, members)
}

async function collect(
  target: ArchiveTarget,
  { parser, members }: { parser: AsyncIterable<Entry>; members: Map<string, Member> },
  signal: AbortSignal,
): Promise<void> {
  for await (const entry of parser) {
    const { name, type, linkname } = entry.header
    if (members.size === maxMembers) {
      throw new EngineError('invalid_argument', `load archive: more than ${maxMembers} members`)
    }
    if (type === 'file' || type === 'contiguous-file') {
      const { content, lease } = target
      const digest = await content.ingest({ lease, source: () => bytesOf(entry) }, signal)
      members.set(normalize(name), { type: 'file', digest })
      continue
    }
    entry.resume()
    if (type === 'symlink' || type === 'link') {
      const from = type === 'symlink' ? posix.dirname(normalize(name)) : '.'
      members.set(normalize(name), {
        type: 'link',
        to: normalize(posix.join(from, linkname)),
      })
    } else if (type !== 'directory') {
      throw new EngineError('invalid_argument', `load archive: "${name}" is a ${type}`)
    }
  }
}

async function* bytesOf(entry: Entry): AsyncGenerator<Uint8Array> {
  for await (const chunk of entry) {
    if (chunk instanceof Uint8Array) yield chunk
  }
}

function createStoredArchive(
  content: ContentStore,
  members: ReadonlyMap<string, Member>,
): StoredArchive {
  const find = (name: string): Digest | undefined => {
    let member = members.get(normalize(name))
    for (let hops = 0; member?.type === 'link' && hops < maxLinkHops; hops++) {
      member = members.get(member.to)
    }
    return member?.type === 'file' ? member.digest : undefined
  }
  return {
    find,
    async readAll(name) {
      const digest = find(name)
      if (!digest) throw new EngineError('invalid_argument', `load archive: no member "${name}"`)
      return await content.readAll(digest)
    },
  }
}

/** One spelling per member; only ever a key. */
function normalize(name: string): string {
  return posix.normalize(`/${name}`).replace(/\/$/, '').slice(1)
}

async function decompress(archive: AsyncIterable<Uint8Array>): Promise<Readable> {
  const chunks = archive[Symbol.asyncIterator]()
  const first = await chunks.next()
  const start = first.done === true ? new Uint8Array() : first.value
  const source = Readable.from(rejoin(start, chunks), { objectMode: false })
  const inflater = inflaterFor(sniffCompression(start))
  if (!inflater) return source
  source.on('error', (error) => inflater.destroy(error))
  return source.pipe(inflater)
}

function inflaterFor(compression: Compression) {
  if (compression === 'gzip') return createGunzip()
  return compression === 'zstd' ? createZstdDecompress() : undefined
}

async function* rejoin(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield start
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      yield next.value
    }
  } finally {
    await rest.return?.()
  }
}

/**
 * When one side fails the other is cut off: a refusal of ours (a full disk) is the cause if there
 * is one, then what the reading side says of the archive.
 */
function archiveError(failures: readonly unknown[]): EngineError {
  const known = failures.map(findEngineError).find((error) => error !== undefined)
  const [first] = failures
  return (
    known ??
    new EngineError('invalid_argument', `load archive: ${errorMessage(first)}`, { cause: first })
  )
}
