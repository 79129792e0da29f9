import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import type { WalkedContext } from '#cli/build/walk.ts'
import { encodeTarHeader, tarPadding, tarTrailer } from '#oci/tar/encoder.ts'
import type { ContextEntryBody } from '#wire/build-session.ts'

/** Members are gathered to chunks of this size: most files are far smaller. */
const chunkBytes = 256 * 1024
const nanosPerSecond = 1_000_000_000n

/** A tar of the entries at `positions`, in that order. */
export function* archiveEntries(
  context: WalkedContext,
  positions: readonly number[],
): Generator<Uint8Array> {
  let gathered: Uint8Array[] = []
  let bytes = 0
  for (const piece of pieces(context, positions)) {
    gathered.push(piece)
    bytes += piece.length
    if (bytes < chunkBytes) continue
    yield Buffer.concat(gathered)
    gathered = []
    bytes = 0
  }
  yield Buffer.concat(gathered)
}

function* pieces(
  { root, entries }: WalkedContext,
  positions: readonly number[],
): Generator<Uint8Array> {
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
function* fileMember(path: string, entry: ContextEntryBody): Generator<Uint8Array> {
  const file = openFile(path)
  try {
    const { size } = fstatSync(file)
    yield headerOf(entry, size)
    for (let at = 0; at < size; at += chunkBytes) {
      const piece = Buffer.alloc(Math.min(size - at, chunkBytes))
      readSync(file, piece, 0, piece.length, at)
      yield piece
    }
    yield Buffer.alloc(tarPadding(size))
  } finally {
    closeSync(file)
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const reason = errnoOf(error) === 'EACCES' ? 'permission denied' : errorMessage(error)
    throw new EngineError('permission_denied', `send context: open ${path}: ${reason}`, {
      cause: error,
    })
  }
}
