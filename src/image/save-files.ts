/** The files of an archive that tell which images it holds, in both formats. */
import { type Index, mediaTypes } from '#oci/descriptor.ts'
import { digestHex, type Digest } from '#oci/digest.ts'
import { familiarRepository, formatReference, parseReference } from '#oci/reference.ts'
import type { DescribedImage } from '#image/save-blobs.ts'

/** `index.json`: one entry per name, as containerd and Docker write it. */
export function layoutIndex(images: readonly DescribedImage[]): Index {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: images.flatMap(({ root, tags }) => {
      if (tags.length === 0) return [root]
      return tags.map((name) => {
        const reference = parseReference(name)
        const annotations = {
          ...root.annotations,
          'io.containerd.image.name': formatReference(reference),
          'org.opencontainers.image.ref.name': reference.tag ?? '',
        }
        return { ...root, annotations }
      })
    }),
  }
}

/** `manifest.json`: what `docker load` reads. */
export function dockerManifest(images: readonly DescribedImage[]): readonly unknown[] {
  return images.map(({ facts, layers, tags }) => ({
    Config: blobPath(facts.id),
    RepoTags: tags.length === 0 ? null : tags,
    Layers: layers.map(({ digest }) => blobPath(digest)),
    LayerSources: Object.fromEntries(
      facts.config.rootfs.diff_ids.map((diffId, index) => [diffId, layers[index]]),
    ),
  }))
}

/** `repositories`: what very old clients read. */
export function repositoriesFile(
  images: readonly DescribedImage[],
): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {}
  for (const { layers, tags } of images) {
    const top = layers.at(-1)
    for (const name of top ? tags : []) {
      const reference = parseReference(name)
      const repository = (repositories[familiarRepository(reference)] ??= {})
      if (top) repository[reference.tag ?? ''] = digestHex(top.digest)
    }
  }
  return repositories
}

function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`
}
