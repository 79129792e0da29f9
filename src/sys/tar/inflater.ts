import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { EngineError, errnoOf } from '#base/errors.ts'
import { sniffBytes, sniffCompression } from '#oci/compression.ts'

/** Turns compressed chunks into plain ones, in order. */
export interface Inflater {
  /** Settles when the chunk is used up. @throws EngineError data_loss */
  write(chunk: Uint8Array): Promise<void>
  /** No more bytes. @throws EngineError data_loss when the stream is cut short */
  end(): Promise<void>
  destroy(): void
}

/** Output pieces: large enough that few files are split, small enough to stay in the cache. */
const pieceBytes = 256 * 1024

/**
 * Sniffs the first bytes and calls `onPiece` with plain ones. Inflating
 * runs on a pool thread, beside the caller's own work on earlier pieces.
 */
export function createInflater(onPiece: (piece: Uint8Array) => void): Inflater {
  let start: Uint8Array | undefined = new Uint8Array(0)
  let sink: Inflater = createPlain(onPiece)
  const begin = (bytes: Uint8Array) => {
    start = undefined
    const compression = sniffCompression(bytes)
    if (compression === 'gzip')
      sink = createStream(createGunzip({ chunkSize: pieceBytes }), onPiece)
    if (compression === 'zstd') {
      sink = createStream(createZstdDecompress({ chunkSize: pieceBytes }), onPiece)
    }
    return sink.write(bytes)
  }
  return {
    async write(chunk) {
      if (!start) return sink.write(chunk)
      start = start.length === 0 ? chunk : Buffer.concat([start, chunk])
      if (start.length >= sniffBytes) await begin(start)
    },
    async end() {
      if (start && start.length > 0) await begin(start)
      await sink.end()
    },
    destroy: () => sink.destroy(),
  }
}

function createPlain(onPiece: (piece: Uint8Array) => void): Inflater {
  return {
    async write(chunk) {
      onPiece(chunk)
    },
    async end() {},
    destroy() {},
  }
}

function createStream(stream: Transform, onPiece: (piece: Uint8Array) => void): Inflater {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => undefined)
  const { promise: ended, resolve: finish } = Promise.withResolvers<void>()
  stream.on('data', (piece: Uint8Array) => {
    try {
      onPiece(piece)
    } catch (error) {
      stream.destroy()
      reject(error)
    }
  })
  stream.on('end', finish)
  stream.on('error', (error) => reject(damaged(error)))
  return {
    write(chunk) {
      const written = new Promise<void>((resolve) => stream.write(chunk, () => resolve()))
      return Promise.race([written, failed])
    },
    end() {
      stream.end()
      return Promise.race([ended, failed])
    },
    destroy() {
      stream.destroy()
      reject(new EngineError('cancelled', 'inflate layer: stopped'))
    },
  }
}

/** zlib names its failures `Z_DATA_ERROR`, zstd `ZSTD_error_…`; a kernel errno is none of these. */
function damaged(error: Error): EngineError {
  const errno = errnoOf(error)
  const detail = errno === undefined ? error.message : `${errno}: ${error.message}`
  return new EngineError('data_loss', `inflate layer: ${detail}`, { cause: error })
}
