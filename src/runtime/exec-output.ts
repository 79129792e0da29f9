/**
 * What an exec writes, for one client. The program outlives its client: what it
 * writes to nobody is read and thrown away, for a closed pipe or terminal would end it.
 */
import type { OnReadOpts, Socket } from 'node:net'
import type { ChildProcess } from '#sys/process.ts'
import { frameHeaderBytes, writeFrameHeader } from '#runtime/frame.ts'
import { createPieces, type Pieces } from '#runtime/pieces.ts'
import { createSlab } from '#runtime/slab.ts'

const maxReadBytes = 32 * 1024

export interface ExecOutput {
  /** Frames of the named streams, or raw bytes of a terminal; ends when every source has. */
  readonly pieces: Pieces
  /** How a source is read: into frames of `stream`, or raw. */
  reader(stream?: 'stdout' | 'stderr'): OnReadOpts
  /** Takes a source that was opened with a reader of this output. */
  add(source: Socket): void
  /** The client left; sources are held until the program ends. */
  abandon(): void
}

export function createExecOutput(child: Pick<ChildProcess, 'exited'>): ExecOutput {
  const pieces = createPieces()
  const sources = new Set<Socket>()
  pieces.onRoom(() => {
    for (const source of sources) source.resume()
  })
  return {
    pieces,
    reader: (stream) => slabReader(pieces, stream),
    add(source) {
      sources.add(source)
      // A terminal says by EIO that its last holder is gone.
      source.on('error', () => undefined)
      source.on('end', () => source.destroy())
      source.on('close', () => {
        sources.delete(source)
        if (sources.size === 0) pieces.finish()
      })
      source.resume()
    },
    abandon() {
      pieces.discard()
      void child.exited.then(() => {
        for (const source of sources) source.destroy()
      })
    },
  }
}

function slabReader(pieces: Pieces, stream: 'stdout' | 'stderr' | undefined): OnReadOpts {
  const roomBytes = stream === undefined ? 0 : frameHeaderBytes
  const slab = createSlab({ roomBytes, readBytes: maxReadBytes })
  return {
    buffer: () => slab.next(),
    callback(length) {
      const frame = slab.take(length)
      if (stream !== undefined) writeFrameHeader(frame, 0, { stream, length })
      return pieces.push(frame)
    },
  }
}
