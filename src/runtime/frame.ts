/** Docker's multiplexed stream, in which tasks give their output: frames of a header and its bytes. */

export const frameHeaderBytes = 8

export interface FrameHeader {
  readonly stream: 'stdout' | 'stderr'
  /** Of the bytes that follow. */
  readonly length: number
}

/** `[1 or 2, 0, 0, 0, length as a big-endian u32]`, written at `offset`. */
export function writeFrameHeader(
  out: Buffer,
  offset: number,
  { stream, length }: FrameHeader,
): void {
  out.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, offset)
  out.writeUInt32BE(length, offset + 4)
}
