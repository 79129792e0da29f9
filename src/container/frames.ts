/** stdcopy frames: `[stream, 0, 0, 0, length (4 bytes, big endian)]` and the bytes. */
const headerBytes = 8

export interface StreamChoice {
  readonly stdout: boolean
  readonly stderr: boolean
}

export function frame(stream: 'stdout' | 'stderr', bytes: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(headerBytes + bytes.length)
  framed.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0)
  framed.writeUInt32BE(bytes.length, 4)
  framed.set(bytes, headerBytes)
  return framed
}

/** Drops the frames of streams that were not chosen; the cuts of the chunks do not matter. */
export async function* filterFrames(
  chunks: AsyncIterable<Uint8Array>,
  choice: StreamChoice,
): AsyncGenerator<Uint8Array> {
  let header = Buffer.alloc(0)
  let remaining = 0
  let isChosen = false
  for await (const chunk of chunks) {
    let offset = 0
    while (offset < chunk.length) {
      if (remaining === 0) {
        const taken = chunk.subarray(offset, offset + headerBytes - header.length)
        header = Buffer.concat([header, taken])
        offset += taken.length
        if (header.length < headerBytes) break
        remaining = header.readUInt32BE(4)
        isChosen = header[0] === 2 ? choice.stderr : choice.stdout
        if (isChosen) yield header
        header = Buffer.alloc(0)
      }
      const payload = chunk.subarray(offset, offset + remaining)
      if (isChosen && payload.length > 0) yield payload
      remaining -= payload.length
      offset += payload.length
    }
  }
}
