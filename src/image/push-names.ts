/** Which names a push sends, and where their blobs may be mounted from. */
import { EngineError } from '#base/errors.ts'
import type { Digest } from '#oci/digest.ts'
import { familiarName, familiarRepository, parseReference, type Reference } from '#oci/reference.ts'
import { contentOf } from '#image/record-codec.ts'
import type { ImageRecords } from '#image/records.ts'
import type { ImageId } from '#image/types.ts'

export interface PushName {
  readonly tag: string
  readonly imageId: ImageId
}

type Reads = Pick<ImageRecords, 'list' | 'facts'>

/**
 * The tag that `reference` names, or all tags of its repository when it names none.
 * @throws EngineError not_found with Docker's texts
 */
export function pushNames(records: Reads, reference: Reference): PushName[] {
  const all = records.list().flatMap(({ id, repoTags }) =>
    repoTags.flatMap((name): PushName[] => {
      const { registry, repository, tag } = parseReference(name)
      const isSame = registry === reference.registry && repository === reference.repository
      return isSame && tag !== undefined ? [{ tag, imageId: id }] : []
    }),
  )
  if (all.length === 0) {
    const name = familiarRepository(reference)
    throw new EngineError('not_found', `An image does not exist locally with the tag: ${name}`)
  }
  if (reference.tag === undefined) return all.toSorted((a, b) => (a.tag < b.tag ? -1 : 1))
  const wanted = all.filter(({ tag }) => tag === reference.tag)
  if (wanted.length > 0) return wanted
  throw new EngineError('not_found', `tag does not exist: ${familiarName(reference)}`)
}

/** A repository of the same registry that is known to hold the blob: the registry may mount it. */
export function mountSource(records: Reads, digest: Digest, target: Reference): string | undefined {
  for (const { id, repoDigests } of records.list()) {
    const facts = records.facts(id)
    if (!facts || !contentOf(facts).includes(digest)) continue
    for (const name of repoDigests) {
      const { registry, repository } = parseReference(name)
      if (registry === target.registry && repository !== target.repository) return repository
    }
  }
  return undefined
}
