/** ADD's archives: extracted where they were to be copied. */
import { createReadStream } from 'node:fs'
import { undoForeignCompression } from '#sys/foreign-compression.ts'
import type { FoundArchive } from '#sys/trees/messages.ts'
import type { EntryOwner } from '#sys/tar/messages.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'

/** @throws EngineError data_loss for a damaged archive, not_found without bzip2 or xz installed */
export async function unpackArchive(
  archive: FoundArchive & { readonly owner?: EntryOwner },
  signal: AbortSignal,
): Promise<void> {
  const { path, ...place } = archive
  await using extractor = openLayerExtractor({ ...place, form: 'added', signal })
  for await (const chunk of undoForeignCompression(createReadStream(path))) {
    await extractor.write(chunk)
  }
  await extractor.finish()
}
