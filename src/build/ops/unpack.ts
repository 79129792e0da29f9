/** ADD's archives: extracted where they were to be copied. */
import { createReadStream } from 'node:fs'
import { undoForeignCompression } from '#sys/foreign-compression.ts'
import type { FoundArchive } from '#sys/trees/messages.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'

/** @throws EngineError data_loss for a damaged archive, not_found without bzip2 or xz installed */
export async function unpackArchive(archive: FoundArchive, signal: AbortSignal): Promise<void> {
  const { directory, path } = archive
  await using extractor = openLayerExtractor({ directory, form: 'plain', signal })
  for await (const chunk of undoForeignCompression(createReadStream(path))) {
    await extractor.write(chunk)
  }
  await extractor.finish()
}
