/** gzip on all cores: pieces are compressed independently and joined to one stream (RFC 1951, 1952). */
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'

const compress = promisify(deflateRaw)

/** Half the time of level 6 and 3 % more bytes on program files; level 2 gains little more time. */
const defaultLevel = 4
/** Large enough that the lost history between pieces costs under 1 %. */
const pieceBytes = 1024 * 1024
/** Pieces at work or waiting; bounds memory. */
const lanes = 4

/** Magic, deflate, no flags, no time, unknown system: the same input gives the same bytes. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)
/** An empty final block; every piece before it ends with a flush to a byte boundary. */
const lastBlock = Uint8Array.of(0x03, 0x00)

/** The bytes of `source` as one gzip member. */
export async function* gzipBytes(
  source: AsyncIterable<Uint8Array>,
  level = defaultLevel,
): AsyncGenerator<Uint8Array> {
  const queue: Promise<Uint8Array>[] = []
  let checksum = 0
  let length = 0
  yield header
  try {
    for await (const piece of inPieces(source)) {
      checksum = crc32(piece, checksum)
      length += piece.length
      queue.push(compress(piece, { level, finishFlush: constants.Z_SYNC_FLUSH }))
      if (queue.length >= lanes) yield await takeFirst(queue)
    }
    while (queue.length > 0) yield await takeFirst(queue)
  } finally {
    await Promise.allSettled(queue)
  }
  yield Buffer.concat([lastBlock, trailer(checksum, length)])
}

async function takeFirst(queue: Promise<Uint8Array>[]): Promise<Uint8Array> {
  return (await queue.shift()) ?? new Uint8Array()
}

/** CRC-32 and length modulo 2^32, little-endian. */
function trailer(checksum: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(checksum, 0)
  bytes.writeUInt32LE(length % 2 ** 32, 4)
  return bytes
}

/** Pieces of `pieceBytes` whatever the chunks were, so that the outcome depends on the bytes only. */
async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = Buffer.allocUnsafe(pieceBytes)
  let filled = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + pieceBytes - filled)
      piece.set(part, filled)
      at += part.length
      filled += part.length
      if (filled < pieceBytes) continue
      yield piece
      piece = Buffer.allocUnsafe(pieceBytes)
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
