import type { Socket } from 'node:net'

/** A connection turned into a raw byte stream: one attachment to a container or an exec. */
export interface Hijack extends Disposable {
  /** True: stdcopy frames (`wire/stdcopy.ts`); false: a terminal's raw bytes. */
  readonly isMultiplexed: boolean
  /** What the process wrote; ends with it, or when the engine detaches. Iterate once. */
  readonly output: AsyncIterable<Uint8Array>
  /** Resolves when the bytes left for the kernel (backpressure). Bytes after the end are dropped. */
  write(chunk: Uint8Array): Promise<void>
  /** Half-close: end of the process's stdin, output goes on. */
  closeStdin(): void
}

/** Takes an upgraded socket over; `head` holds bytes that came along with the upgrade's reply. */
export function hijackOf(socket: Socket, head: Uint8Array, contentType?: string): Hijack {
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  return {
    isMultiplexed: contentType === 'application/vnd.docker.multiplexed-stream',
    output: outputOf(socket, head),
    write: (chunk) =>
      new Promise((resolve) => {
        if (socket.destroyed || socket.writableEnded) return resolve()
        socket.write(chunk, () => resolve())
      }),
    closeStdin: () => socket.end(),
    [Symbol.dispose]: () => socket.destroy(),
  }
}

async function* outputOf(socket: Socket, head: Uint8Array): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  try {
    for await (const chunk of socket) yield chunk
  } catch {
    // A reset is how an engine that goes away ends the stream; the exit code tells what happened.
  }
}
