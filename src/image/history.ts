/** `docker history`: the steps that made an image, newest first. */
import { chainIds } from '#oci/digest.ts'
import type { HistoryEntry } from '#oci/descriptor.ts'
import { findTime } from '#image/time.ts'
import type { Image, ImageHistory } from '#image/types.ts'

const missing = '<missing>'

/** @param sizes unpacked bytes by chainID */
export function imageHistory(image: Image, sizes: ReadonlyMap<string, number>): ImageHistory[] {
  const chain = chainIds(image.config.rootfs.diff_ids)
  let layer = 0
  const entries = (image.config.history ?? []).map((entry) => {
    const name = entry.empty_layer ? undefined : chain[layer++]
    return toHistory(entry, name === undefined ? 0 : (sizes.get(name) ?? 0))
  })
  // Layers that the history does not tell of are shown all the same.
  for (const name of chain.slice(layer)) entries.push(toHistory({}, sizes.get(name) ?? 0))
  const [top, ...below] = entries.toReversed()
  return top ? [{ ...top, id: image.id, tags: image.repoTags }, ...below] : []
}

function toHistory(entry: HistoryEntry, sizeBytes: number): ImageHistory {
  const createdAt = findTime(entry.created)
  return {
    id: missing,
    ...(createdAt === undefined ? {} : { createdAt }),
    createdBy: entry.created_by ?? '',
    comment: entry.comment ?? '',
    sizeBytes,
    tags: [],
  }
}
