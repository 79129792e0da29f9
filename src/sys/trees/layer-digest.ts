/** What a layer's directory is worth: its diffID and a digest that leaves times out, in one walk. */
import { createHash } from 'node:crypto'
import { encodeTarHeader, tarTrailer } from '#oci/tar/encoder.ts'
import { linkBytes } from '#oci/tar/names.ts'
import { walkTree } from '#sys/tar/tree-reader.ts'

export interface LayerDigest {
  /** `sha256:…` of the layer's uncompressed tar. */
  readonly diffId: string
  /** The same for trees of the same files, whenever they were made. */
  readonly contentDigest: string
  /** Sum of the sizes of regular files and symbolic links. */
  readonly sizeBytes: number
  /** Length of the uncompressed tar. */
  readonly tarBytes: number
}

const noTime = { seconds: 0, nanoseconds: 0 }

/** Digests the upper directory that is this thread's root. `latestTime` as in `ReadTreeOptions`. */
export function digestLayerTree(latestTime: number | undefined): LayerDigest {
  const tar = createHash('sha256')
  const content = createHash('sha256')
  let tarBytes = 0
  let sizeBytes = 0
  const add = (bytes: Uint8Array) => {
    tar.update(bytes)
    tarBytes += bytes.length
  }
  const options = { asLayer: true, leavesOutRoot: true }
  for (const item of walkTree(latestTime === undefined ? options : { ...options, latestTime })) {
    if ('bytes' in item) {
      add(item.bytes)
      content.update(item.bytes)
      continue
    }
    add(encodeTarHeader(item.entry))
    content.update(encodeTarHeader({ ...item.entry, mtime: noTime }))
    sizeBytes += item.entry.sizeBytes + linkBytes(item.entry)
  }
  add(tarTrailer)
  return {
    diffId: `sha256:${tar.digest('hex')}`,
    contentDigest: `sha256:${content.digest('hex')}`,
    sizeBytes,
    tarBytes,
  }
}
