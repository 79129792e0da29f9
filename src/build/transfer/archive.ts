import { EngineError, findEngineError } from '#base/errors.ts'
import { undoForeignCompression } from '#sys/foreign-compression.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'

export interface UnpackOptions {
  readonly directory: string
  /** Paths below the directory that go first. */
  readonly removes?: readonly string[]
}

export interface UnpackedContext {
  readonly entries: number
  /** Of all files together. */
  readonly sizeBytes: number
}

/**
 * Unpacks a context archive off the main thread, as it arrives. The worker's root is
 * the directory, so that no path or link of a member leads out of it.
 * @throws EngineError invalid_argument for a damaged archive and members that leave it
 */
export async function unpackContext(
  archive: AsyncIterable<Uint8Array>,
  { directory, removes = [] }: UnpackOptions,
  signal: AbortSignal,
): Promise<UnpackedContext> {
  await using extractor = openLayerExtractor({ directory, removes, form: 'context', signal })
  try {
    for await (const chunk of undoForeignCompression(archive)) await extractor.write(chunk)
    return await extractor.finish()
  } catch (error) {
    signal.throwIfAborted()
    throw asContextError(error)
  }
}

/** What is wrong with the archive is the client's mistake. */
function asContextError(error: unknown): unknown {
  const found = findEngineError(error)
  if (found?.kind !== 'data_loss') return error
  const detail = found.message
    .replace(/^extract layer: /, '')
    .replace('of the layer', 'of the context')
  return new EngineError('invalid_argument', `Error processing tar file: ${detail}`, {
    cause: error,
  })
}
