/**
 * Docker's multiplexed stream: frames of an 8-byte header `[type, 0, 0, 0, length (u32 BE)]`
 * and `length` bytes. One connection carries stdout, stderr and the engine's own failure.
 */
import { EngineError } from '#base/errors.ts'

export const stdcopyTypes = { stdin: 0, stdout: 1, stderr: 2, systemerr: 3 } as const
export type StdcopyStream = keyof typeof stdcopyTypes

export const stdcopyHeaderBytes = 8
const streamsByType: readonly StdcopyStream[] = ['stdin', 'stdout', 'stderr', 'systemerr']

/** One frame. An empty `payload` gives an empty frame, which clients take for nothing: do not send it. */
export function encodeStdcopyFrame(stream: StdcopyStream, payload: Uint8Array): Uint8Array {
  // From Node's pool: logs make millions of small frames.
  const frame = Buffer.allocUnsafe(stdcopyHeaderBytes + payload.length)
  frame.writeUInt32BE(stdcopyTypes[stream] * 0x1000000, 0)
  frame.writeUInt32BE(payload.length, 4)
  frame.set(payload, stdcopyHeaderBytes)
  return frame
}

/** A piece of one stream's bytes: a frame split over several reads comes as several pieces. */
export interface StdcopyPiece {
  readonly stream: StdcopyStream
  readonly bytes: Uint8Array
}

export interface StdcopyDecoder {
  /**
   * The pieces in `chunk`, without copying.
   * @throws EngineError data_loss when a header names no known stream
   */
  decode(chunk: Uint8Array): readonly StdcopyPiece[]
  /** True between two frames: the stream may end here. */
  isComplete(): boolean
}

export function createStdcopyDecoder(): StdcopyDecoder {
  const header = new Uint8Array(stdcopyHeaderBytes)
  const view = new DataView(header.buffer)
  let headerFilled = 0
  let payloadLeft = 0
  let stream: StdcopyStream = 'stdout'

  function takeHeader(chunk: Uint8Array, offset: number): number {
    const taken = Math.min(stdcopyHeaderBytes - headerFilled, chunk.length - offset)
    header.set(chunk.subarray(offset, offset + taken), headerFilled)
    headerFilled += taken
    if (headerFilled === stdcopyHeaderBytes) {
      headerFilled = 0
      stream = streamOfType(header[0] ?? -1)
      payloadLeft = view.getUint32(4)
    }
    return taken
  }

  return {
    decode(chunk) {
      const pieces: StdcopyPiece[] = []
      for (let offset = 0; offset < chunk.length;) {
        if (payloadLeft === 0) {
          offset += takeHeader(chunk, offset)
          continue
        }
        const bytes = chunk.subarray(offset, offset + payloadLeft)
        pieces.push({ stream, bytes })
        payloadLeft -= bytes.length
        offset += bytes.length
      }
      return pieces
    },
    isComplete: () => headerFilled === 0 && payloadLeft === 0,
  }
}

function streamOfType(type: number): StdcopyStream {
  const stream = streamsByType[type]
  if (stream === undefined) {
    throw new EngineError('data_loss', `decode stream: unrecognized stream type ${type}`)
  }
  return stream
}
