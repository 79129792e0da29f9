/** An image of several platforms, or with attestations, is pushed as its index when all of it is here. */
import { EngineError } from '#base/errors.ts'
import type { Descriptor, Index, Manifest } from '#oci/descriptor.ts'
import { isIndexType, parseManifestDocument } from '#oci/manifest.ts'
import { pushBlob, type PushTarget } from '#image/push-layers.ts'
import type { ImageFacts } from '#image/record-codec.ts'
import type { ContentStore } from '#store/types.ts'

/** The image's own manifest and its blobs are pushed already. @returns undefined when parts are missing */
export async function pushIndex(
  target: PushTarget,
  facts: ImageFacts,
  { tag, signal }: { readonly tag: string; readonly signal: AbortSignal },
): Promise<Descriptor | undefined> {
  const { content, lease, repository } = target
  if (!facts.index) return undefined
  lease.keepContent(facts.index.digest)
  const entries = await findEntries(content, facts.index)
  if (!entries) return undefined
  for (const { descriptor, manifest, bytes } of entries) {
    for (const blob of [...manifest.layers, manifest.config]) {
      await pushBlob(target, blob, { signal })
    }
    await repository.pushManifest({ descriptor, bytes }, signal)
  }
  const bytes = await content.readAll(facts.index.digest)
  await repository.pushManifest({ descriptor: facts.index, bytes, tag }, signal)
  return facts.index
}

export interface IndexEntry {
  readonly descriptor: Descriptor
  readonly manifest: Manifest
  readonly bytes: Uint8Array
}

/** Every manifest of an index; undefined when one of them, or a blob of one, is not stored. */
export async function findEntries(
  content: ContentStore,
  index: Descriptor,
): Promise<IndexEntry[] | undefined> {
  if (!content.find(index.digest)) return undefined
  const { manifests } = parseIndex(await content.readAll(index.digest), index.mediaType)
  const entries: IndexEntry[] = []
  for (const descriptor of manifests) {
    if (isIndexType(descriptor.mediaType) || !content.find(descriptor.digest)) return undefined
    const bytes = await content.readAll(descriptor.digest)
    const document = parseManifestDocument(bytes, descriptor.mediaType)
    if (document.type !== 'manifest') return undefined
    const { manifest } = document
    const blobs = [manifest.config, ...manifest.layers]
    if (blobs.some(({ digest }) => !content.find(digest))) return undefined
    entries.push({ descriptor, manifest, bytes })
  }
  return entries
}

/** @throws EngineError invalid_argument when it is no index */
export function parseIndex(bytes: Uint8Array, mediaType?: string): Index {
  const document = parseManifestDocument(bytes, mediaType)
  if (document.type === 'index') return document.index
  throw new EngineError('invalid_argument', 'read index: it is a manifest')
}
