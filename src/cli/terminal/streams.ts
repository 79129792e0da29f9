import { EngineError } from '#base/errors.ts'
import type { Output } from '#cli/output.ts'
import { createStdcopyDecoder, type StdcopyPiece } from '#wire/stdcopy.ts'

/**
 * Writes a container's output: frames to stdout and stderr, or a terminal's bytes to stdout.
 * @throws EngineError internal with the engine's text when it reports a failure in the stream
 */
export async function copyOutput(
  chunks: AsyncIterable<Uint8Array>,
  isMultiplexed: boolean,
  output: Output,
): Promise<void> {
  if (!isMultiplexed) {
    for await (const chunk of chunks) await output.writeBytes(chunk)
    return
  }
  const decoder = createStdcopyDecoder()
  for await (const chunk of chunks) {
    for (const { stream, bytes } of joinNeighbours(decoder.decode(chunk))) {
      if (stream === 'systemerr') {
        const text = Buffer.from(bytes).toString('utf8')
        throw new EngineError('internal', `error from daemon in stream: ${text}`)
      }
      await output.writeBytes(bytes, stream === 'stderr')
    }
  }
}

/**
 * One piece in place of those that follow each other on a stream: a log has a frame for
 * each line, and a write of its own would cost more than the line.
 */
function* joinNeighbours(pieces: readonly StdcopyPiece[]): Generator<StdcopyPiece> {
  let run: Uint8Array[] = []
  for (const [index, { stream, bytes }] of pieces.entries()) {
    run.push(bytes)
    if (pieces[index + 1]?.stream === stream) continue
    yield { stream, bytes: Buffer.concat(run) }
    run = []
  }
}
