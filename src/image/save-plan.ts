/** What `docker save` was asked for: images and the names that go with them. */
import { EngineError } from '#base/errors.ts'
import { findReference, parseReference } from '#oci/reference.ts'
import { findImage, getImage, isIdOf } from '#image/lookup.ts'
import type { ImageFacts } from '#image/record-codec.ts'
import type { ImageRecords } from '#image/records.ts'
import type { Image } from '#image/types.ts'

/** What of an image's record says where its blobs are. */
export type SavedFacts = Pick<ImageFacts, 'id' | 'manifest' | 'index' | 'config' | 'layers'>

export interface SavedImage {
  readonly facts: SavedFacts
  /** Familiar names with tag; none for what was named by its id. */
  readonly tags: readonly string[]
}

/** Each image once, in the order asked for. @throws EngineError not_found "No such image: x" */
export function planSave(records: ImageRecords, names: readonly string[]): SavedImage[] {
  if (names.length === 0) throw new EngineError('invalid_argument', 'no images to save')
  const found = new Map<string, Set<string>>()
  for (const name of names) {
    for (const { image, tags } of resolve(records, name)) {
      const known = found.get(image.id) ?? new Set()
      for (const tag of tags) known.add(tag)
      found.set(image.id, known)
    }
  }
  return [...found].flatMap(([id, tags]) => {
    const facts = records.facts(getImage(records, id).id)
    return facts ? [{ facts, tags: [...tags] }] : []
  })
}

interface Named {
  readonly image: Image
  readonly tags: readonly string[]
}

/** A repository without a tag stands for all of its tags, as in Docker. */
function resolve(records: ImageRecords, name: string): Named[] {
  const reference = findReference(name)
  if (reference && reference.tag === undefined && reference.digest === undefined) {
    const all = records.list().flatMap((image): Named[] => {
      const tags = image.repoTags.filter((tag) => {
        const { registry, repository } = parseReference(tag)
        return registry === reference.registry && repository === reference.repository
      })
      return tags.length > 0 ? [{ image, tags }] : []
    })
    if (all.length > 0) return all
  }
  const image = findImage(records, name) ?? getImage(records, name)
  if (isIdOf(image, name)) return [{ image, tags: [] }]
  return [{ image, tags: image.repoTags.filter((tag) => records.named(tag) && isSame(tag, name)) }]
}

function isSame(tag: string, name: string): boolean {
  const [a, b] = [parseReference(tag), parseReference(name)]
  return a.registry === b.registry && a.repository === b.repository && a.tag === b.tag
}
