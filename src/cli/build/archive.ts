import { open } from 'node:fs/promises'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import type { WalkedContext } from '#cli/build/walk.ts'
import { encodeTarHeader, tarPadding, tarTrailer } from '#oci/tar/encoder.ts'
import type { ContextEntryBody } from '#wire/build-session.ts'

/** Small files are read whole; longer ones in pieces of this size. */
const pieceBytes = 256 * 1024
const nanosPerSecond = 1_000_000_000n

/** A tar of the entries at `positions`, in that order. */
export async function* archiveEntries(
  { root, entries }: WalkedContext,
  positions: readonly number[],
): AsyncGenerator<Uint8Array> {
  for (const position of positions) {
    const entry = entries[position]
    if (!entry) continue
    if (entry[0] === 'h') yield headerOf(entry, 0)
    else yield* fileMember(`${root}/${entry[1]}`, entry)
  }
  yield tarTrailer
}

function headerOf([type, path, mode, , mtime, link]: ContextEntryBody, sizeBytes: number): Buffer {
  const nanos = BigInt(mtime)
  const nanoseconds = ((nanos % nanosPerSecond) + nanosPerSecond) % nanosPerSecond
  return encodeTarHeader({
    path,
    mode,
    sizeBytes,
    type: type === 'h' ? 'hardlink' : 'file',
    uid: 0,
    gid: 0,
    mtime: {
      seconds: Number((nanos - nanoseconds) / nanosPerSecond),
      nanoseconds: Number(nanoseconds),
    },
    ...(link === undefined ? {} : { linkPath: link }),
  })
}

/** A file that shrinks while it is read is filled up with zeros: its length is already out. */
async function* fileMember(path: string, entry: ContextEntryBody): AsyncGenerator<Uint8Array> {
  await using file = await openFile(path)
  const { size } = await file.stat()
  const header = headerOf(entry, size)
  const first = Buffer.alloc(Math.min(size, pieceBytes))
  await file.read(first, 0, first.length, 0)
  if (size <= pieceBytes) {
    yield Buffer.concat([header, first, Buffer.alloc(tarPadding(size))])
    return
  }
  yield header
  yield first
  for (let at = pieceBytes; at < size; at += pieceBytes) {
    const piece = Buffer.alloc(Math.min(size - at, pieceBytes))
    await file.read(piece, 0, piece.length, at)
    yield piece
  }
  yield Buffer.alloc(tarPadding(size))
}

async function openFile(path: string) {
  try {
    return await open(path)
  } catch (error) {
    const reason = errnoOf(error) === 'EACCES' ? 'permission denied' : errorMessage(error)
    throw new EngineError('permission_denied', `send context: open ${path}: ${reason}`, {
      cause: error,
    })
  }
}
