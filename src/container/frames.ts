import { frameHeaderBytes } from '#runtime/frame.ts'

export interface StreamChoice {
  readonly stdout: boolean
  readonly stderr: boolean
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
        const taken = chunk.subarray(offset, offset + frameHeaderBytes - header.length)
        header = Buffer.concat([header, taken])
        offset += taken.length
        if (header.length < frameHeaderBytes) break
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
