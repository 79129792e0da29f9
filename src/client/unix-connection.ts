/**
 * A unix socket of the runtime that the command line is compiled with. Loading
 * `node:net` would cost five milliseconds, `node:http` eight: much of a short `exec`.
 */

/** The part of Bun's TCP API that is used (https://bun.com/docs/api/tcp). */
interface RuntimeSocket {
  /** Gives how many bytes were taken; the rest is to be written after `drain`. */
  write(bytes: Uint8Array): number
  shutdown(): void
  terminate(): void
  pause(): void
  resume(): void
}

interface RuntimeHandlers {
  data(socket: RuntimeSocket, bytes: Uint8Array): void
  drain(socket: RuntimeSocket): void
  end(socket: RuntimeSocket): void
  close(socket: RuntimeSocket): void
  error(socket: RuntimeSocket, error: Error): void
}

declare const Bun: {
  connect(options: {
    readonly unix: string
    readonly allowHalfOpen: boolean
    readonly socket: RuntimeHandlers
  }): Promise<RuntimeSocket>
}

export interface UnixConnection {
  /** The bytes that come next; undefined after the last, also when the other side is suddenly gone. */
  read(): Promise<Uint8Array | undefined>
  /** Resolves when the kernel has the bytes. Bytes after the end are dropped. */
  write(bytes: Uint8Array): Promise<void>
  /** Half-close, after what was written. */
  closeWriting(): void
  close(): void
}

/** Bytes that may wait to be read before the other side is held up. */
const maxWaitingBytes = 1 << 20

/** Only where the runtime is Bun. @throws what it throws when nobody listens */
export async function connectUnix(path: string): Promise<UnixConnection> {
  const waiting: Uint8Array[] = []
  let waitingBytes = 0
  const state = { hasEnded: false, isClosed: false }
  let arrival = Promise.withResolvers<void>()
  let drain = Promise.withResolvers<void>()
  const wake = () => {
    arrival.resolve()
    arrival = Promise.withResolvers()
  }
  const drained = () => {
    drain.resolve()
    drain = Promise.withResolvers()
  }
  const closed = () => {
    state.hasEnded = true
    state.isClosed = true
    wake()
    drained()
  }
  const socket = await Bun.connect({
    unix: path,
    allowHalfOpen: true,
    socket: {
      data(from, bytes) {
        waiting.push(bytes)
        waitingBytes += bytes.length
        if (waitingBytes > maxWaitingBytes) from.pause()
        wake()
      },
      drain: drained,
      end() {
        state.hasEnded = true
        wake()
      },
      close: closed,
      error: closed,
    },
  })
  return {
    async read() {
      while (waiting.length === 0 && !state.hasEnded) await arrival.promise
      const bytes = waiting.shift()
      waitingBytes -= bytes?.length ?? 0
      if (waiting.length === 0 && !state.isClosed) socket.resume()
      return bytes
    },
    async write(bytes) {
      for (let rest = bytes; rest.length > 0 && !state.isClosed;) {
        const next = drain.promise
        rest = rest.subarray(Math.max(0, socket.write(rest)))
        if (rest.length > 0) await next
      }
    },
    closeWriting: () => socket.shutdown(),
    close: () => socket.terminate(),
  }
}
