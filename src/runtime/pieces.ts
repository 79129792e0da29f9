/** Pieces of output that wait for their reader, bounded by telling the writer to stop. */

/** Writing should stop above this much unread output, and the program with it. */
const maxUnreadBytes = 1024 * 1024

/** One reader takes the pieces by iterating. */
export interface Pieces extends AsyncIterable<Uint8Array> {
  /** False when there is enough for now; `onRoom` tells when more is welcome. */
  push(piece: Buffer): boolean
  onRoom(resume: () => void): void
  /** Nothing more comes. */
  readonly finish: () => void
  /** Throws away what is unread and what comes. */
  discard(): void
  /** Settles when the reader has taken the last piece, or wants no more. */
  readonly taken: Promise<void>
}

/** Neighbours in one buffer leave as one piece. */
export function createPieces(): Pieces {
  const taken = Promise.withResolvers<void>()
  let unread: Buffer[] = []
  let unreadBytes = 0
  let end: 'open' | 'finished' | 'discarded' = 'open'
  let isPaused = false
  let wake: (() => void) | undefined
  let resume: () => void = () => undefined

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
      if (end !== 'open') return taken.resolve()
      await new Promise<void>((resolve) => (wake = resolve))
      wake = undefined
    }
  }

  return {
    [Symbol.asyncIterator]: read,
    taken: taken.promise,
    push(piece) {
      if (end === 'discarded') return true
      const last = unread.at(-1)
      if (last && isNeighbour(last, piece)) unread[unread.length - 1] = joined(last, piece)
      else unread.push(piece)
      unreadBytes += piece.length
      wake?.()
      isPaused = unreadBytes > maxUnreadBytes
      return !isPaused
    },
    onRoom: (callback) => void (resume = callback),
    finish() {
      if (end === 'open') end = 'finished'
      wake?.()
    },
    discard() {
      end = 'discarded'
      unread = []
      taken.resolve()
      wake?.()
      resume()
    },
  }
}

function isNeighbour(last: Buffer, piece: Buffer): boolean {
  return last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset
}

function joined(last: Buffer, piece: Buffer): Buffer {
  return Buffer.from(last.buffer, last.byteOffset, last.length + piece.length)
}
