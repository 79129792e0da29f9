/** Cuts a stream of chunks into pieces of known length, without copying those that lie whole in a chunk. */
export interface Gatherer {
  /**
   * Takes from the start of `chunk` what is missing to `length` bytes. The piece, when
   * it is complete, is in `piece` until the next call; returns how much was taken.
   */
  take(chunk: Buffer, length: number): number
  readonly piece: Buffer | undefined
  readonly isEmpty: boolean
}

export function createGatherer(): Gatherer {
  let held: Buffer | undefined
  let heldBytes = 0
  let piece: Buffer | undefined
  return {
    get piece() {
      return piece
    },
    get isEmpty() {
      return heldBytes === 0
    },
    take(chunk, length) {
      piece = undefined
      if (heldBytes === 0 && chunk.length >= length) {
        piece = chunk.length === length ? chunk : chunk.subarray(0, length)
        return length
      }
      held ??= Buffer.allocUnsafe(length)
      const taken = chunk.copy(held, heldBytes, 0, length - heldBytes)
      heldBytes += taken
      if (heldBytes === length) {
        piece = held
        held = undefined
        heldBytes = 0
      }
      return taken
    },
  }
}
