/**
 * Attachments to a task through conmon's socket. Each packet is one byte that
 * names the stream (2 stdout, 3 stderr) and the bytes. They are read so that the
 * naming byte lands on the last byte of a stdcopy header: nothing is copied.
 */
import type { Socket } from 'node:net'
import { connectSeqpacket } from '#sys/seqpacket.ts'
import { frameHeaderBytes, writeFrameHeader } from '#runtime/frame.ts'
import { createPieces, type Pieces } from '#runtime/pieces.ts'
import { createSlab } from '#runtime/slab.ts'
import type { TaskStdio } from '#runtime/types.ts'

/** conmon sends at most 8 KiB at once; four times that is room to grow. */
const maxPacketBytes = 32 * 1024 + 1
/** conmon reads packets of at most 32 KiB; the rest of a longer one would be lost. */
const maxInputBytes = 8 * 1024
const conmonStdout = 2

/** The attachments of one task, made at conmon's socket. */
export interface Attachments {
  /**
   * `closesOnDispose` false keeps the connection when the attachment ends, for its end would be stdin's end.
   * @throws EngineError not_found, unavailable when conmon does not answer
   */
  attach(closesOnDispose: boolean): TaskStdio
  /** Settles when every reader has taken the last byte of output, or wants no more. */
  taken(): Promise<void>
}

export function openAttachments(socketPath: string, isTerminal: boolean): Attachments {
  const untaken = new Set<Promise<void>>()
  return {
    attach(closesOnDispose) {
      const frames = createFrames(isTerminal)
      const stdio = attachToTask(socketPath, { frames, closesOnDispose })
      const { taken } = frames.pieces
      untaken.add(taken)
      void taken.then(() => untaken.delete(taken))
      return stdio
    },
    async taken() {
      await Promise.all(untaken)
    },
  }
}

interface AttachOptions {
  readonly frames: Frames
  readonly closesOnDispose: boolean
}

function attachToTask(socketPath: string, { frames, closesOnDispose }: AttachOptions): TaskStdio {
  const { pieces } = frames
  const socket = connectSeqpacket(socketPath, {
    buffer: frames.nextBuffer,
    onPacket: frames.take,
  })
  pieces.onRoom(() => void socket.resume())
  socket.on('end', pieces.finish).on('error', pieces.finish).on('close', pieces.finish)
  socket.resume()
  return {
    output: pieces,
    write: (chunk) => writePackets(socket, chunk),
    async closeStdin() {
      if (socket.writable) socket.end()
    },
    async [Symbol.asyncDispose]() {
      pieces.discard()
      if (closesOnDispose) socket.destroy()
    },
  }
}

async function writePackets(socket: Socket, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; offset += maxInputBytes) {
    if (!socket.writable) return
    const packet = chunk.subarray(offset, offset + maxInputBytes)
    // Writes that wait together would be merged into one packet.
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off('close', done)
        resolve()
      }
      socket.once('close', done)
      socket.write(packet, done)
    })
  }
}

interface Frames {
  readonly nextBuffer: () => Uint8Array
  /** The packet of this length lies in the last `nextBuffer`; false when there is no room for more. */
  readonly take: (length: number) => boolean
  readonly pieces: Pieces
}

/** Packets in, stdcopy frames (or raw bytes) out. */
function createFrames(isTerminal: boolean): Frames {
  const pieces = createPieces()
  const slab = createSlab({ roomBytes: frameHeaderBytes - 1, readBytes: maxPacketBytes })
  return {
    pieces,
    nextBuffer: () => slab.next(),
    take(length) {
      const frame = slab.take(length)
      if (isTerminal) return pieces.push(frame.subarray(frameHeaderBytes))
      const stream = frame[frameHeaderBytes - 1] === conmonStdout ? 'stdout' : 'stderr'
      writeFrameHeader(frame, 0, { stream, length: length - 1 })
      return pieces.push(frame)
    },
  }
}
