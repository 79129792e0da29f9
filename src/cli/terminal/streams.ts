import { EngineError } from '#base/errors.ts'
import type { Output } from '#cli/output.ts'
import { createStdcopyDecoder } from '#wire/stdcopy.ts'

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
    for (const { stream, bytes } of decoder.decode(chunk)) {
      if (stream === 'systemerr') {
        const text = Buffer.from(bytes).toString('utf8')
        throw new EngineError('internal', `error from daemon in stream: ${text}`)
      }
      await output.writeBytes(bytes, stream === 'stderr')
    }
  }
}
