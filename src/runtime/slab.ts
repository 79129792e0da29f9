/** Memory that output is read into, so that a header fits before it and nothing is copied. */

const slabBytes = 256 * 1024

export interface Slab {
  /** Where the next read goes. */
  next(): Buffer
  /** The bytes that were read there, with the room before them. */
  take(length: number): Buffer
}

export interface SlabOptions {
  /** Left free before each read. */
  readonly roomBytes: number
  /** The most that one read gives. */
  readonly readBytes: number
}

/** What was taken stays valid: a full slab is left to its readers. */
export function createSlab({ roomBytes, readBytes }: SlabOptions): Slab {
  let slab = Buffer.allocUnsafeSlow(slabBytes)
  let position = 0
  return {
    next() {
      if (position + roomBytes + readBytes > slabBytes) {
        slab = Buffer.allocUnsafeSlow(slabBytes)
        position = 0
      }
      return slab.subarray(position + roomBytes, position + roomBytes + readBytes)
    },
    take(length) {
      const start = position
      position += roomBytes + length
      return slab.subarray(start, position)
    },
  }
}
