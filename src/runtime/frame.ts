/** The 8-byte header of Docker's multiplexed stream, in which tasks give their output. */

const headerBytes = 8

/** `[1 or 2, 0, 0, 0, length as a big-endian u32]` */
export function encodeFrameHeader(stream: 'stdout' | 'stderr', length: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header[0] = stream === 'stdout' ? 1 : 2
  header.writeUInt32BE(length, 4)
  return header
}
