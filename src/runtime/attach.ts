/**
 * Attachments to a task through conmon's socket. Each packet is one byte that
 * names the stream (2 stdout, 3 stderr) and the bytes. They are read so that the
 * naming byte lands on the last byte of a stdcopy header: nothing is copied.
 */
import type { Socket } from 'node:net'
import { connectSeqpacket } from '#sys/seqpacket.ts'
import { frameHeaderBytes, writeFrameHeader } from '#runtime/frame.ts'
import type { TaskStdio } from '#runtime/types.ts'

export interface AttachOptions {
  readonly socketPath: string
  readonly isTerminal: boolean
  /** False keeps the connection when the attachment ends, for its end would be stdin's end. */
  readonly closesOnDispose: boolean
}

const slabBytes = 256 * 1024
/** conmon sends at most 8 KiB at once; four times that is room to grow. */
const maxPacketBytes = 32 * 1024 + 1
/** Reading stops above this much unread output, and conmon with it, and the program. */
const maxUnreadBytes = 1024 * 1024
/** conmon reads packets of at most 32 KiB; the rest of a longer one would be lost. */
const maxInputBytes = 8 * 1024
const conmonStdout = 2

/** @throws EngineError not_found, unavailable when conmon does not answer */
export function attachToTask(options: AttachOptions): TaskStdio {
  const frames = createFrames(options.isTerminal)
  const socket = connectSeqpacket(options.socketPath, {
    buffer: frames.nextBuffer,
    onPacket: frames.take,
  })
  frames.onRoom(() => void socket.resume())
  socket.on('end', frames.finish).on('error', frames.finish).on('close', frames.finish)
  socket.resume()
  return {
    output: frames.output,
    write: (chunk) => writePackets(socket, chunk),
    async closeStdin() {
      if (socket.writable) socket.end()
    },
    async [Symbol.asyncDispose]() {
      if (options.closesOnDispose) socket.destroy()
      else frames.discard()
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
  readonly output: AsyncIterable<Uint8Array>
  readonly nextBuffer: () => Uint8Array
  readonly take: (length: number) => boolean
  readonly onRoom: (resume: () => void) => void
  readonly finish: () => void
  /** Throws away what is unread and what comes. */
  readonly discard: () => void
}

/** Packets in, stdcopy frames (or raw bytes) out; neighbouring frames leave as one piece. */
function createFrames(isTerminal: boolean): Frames {
  let slab = Buffer.allocUnsafeSlow(slabBytes)
  let position = 0
  let unread: Buffer[] = []
  let unreadBytes = 0
  let isFinished = false
  let isDiscarding = false
  let isPaused = false
  let wake: (() => void) | undefined
  let resume: () => void = () => undefined

  function push(piece: Buffer): void {
    const last = unread.at(-1)
    const isNeighbour =
      last?.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset
    if (last && isNeighbour) {
      const length = last.length + piece.length
      unread[unread.length - 1] = Buffer.from(slab.buffer, last.byteOffset, length)
    } else {
      unread.push(piece)
    }
    unreadBytes += piece.length
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const pieces = unread
      unread = []
      unreadBytes = 0
      if (isPaused) {
        isPaused = false
        resume()
      }
      yield* pieces
      if (unread.length > 0) continue
      if (isFinished) return
      await new Promise<void>((resolve) => (wake = resolve))
      wake = undefined
    }
  }

  return {
    output: { [Symbol.asyncIterator]: read },
    nextBuffer() {
      if (position + frameHeaderBytes + maxPacketBytes > slabBytes) {
        slab = Buffer.allocUnsafeSlow(slabBytes)
        position = 0
      }
      const namingByteAt = position + frameHeaderBytes - 1
      return slab.subarray(namingByteAt, namingByteAt + maxPacketBytes)
    },
    take(length) {
      if (isDiscarding) return true
      const namingByteAt = position + frameHeaderBytes - 1
      const end = namingByteAt + length
      if (!isTerminal) {
        const stream = slab[namingByteAt] === conmonStdout ? 'stdout' : 'stderr'
        writeFrameHeader(slab, position, { stream, length: length - 1 })
      }
      push(slab.subarray(isTerminal ? position + frameHeaderBytes : position, end))
      position = end
      wake?.()
      isPaused = unreadBytes > maxUnreadBytes
      return !isPaused
    },
    onRoom: (callback) => (resume = callback),
    finish() {
      isFinished = true
      wake?.()
    },
    discard() {
      isDiscarding = true
      isFinished = true
      unread = []
      wake?.()
      resume()
    },
  }
}
