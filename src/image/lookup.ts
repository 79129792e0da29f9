/** What people call an image, found: id, prefix of one, tag, digest. */
import { EngineError } from '#base/errors.ts'
import { parseDigest } from '#oci/digest.ts'
import {
  familiarName,
  findReference,
  parseReference,
  type Reference,
  withDefaultTag,
  withDigest,
} from '#oci/reference.ts'
import type { ImageRecords } from '#image/records.ts'
import type { Image } from '#image/types.ts'

type Reads = Pick<ImageRecords, 'get' | 'named' | 'withPrefix'>

const idPattern = /^(?:sha256:)?([a-f0-9]{64})$/
const prefixPattern = /^(?:sha256:)?([a-f0-9]{1,64})$/

/**
 * A whole id first, then a name, then a prefix of an id, as Docker does.
 * @throws EngineError invalid_argument when a prefix fits several images
 */
export function findImage(records: Reads, text: string): Image | undefined {
  const hex = idPattern.exec(text)?.[1]
  if (hex !== undefined) return records.get(parseDigest(`sha256:${hex}`))
  const reference = findReference(text)
  const named = reference && records.named(storedName(reference))
  return named ?? findByPrefix(records, text)
}

/** @throws EngineError not_found "No such image: x:latest", invalid_argument for no reference at all */
export function getImage(records: Reads, text: string): Image {
  const found = findImage(records, text)
  if (found) return found
  const isId = idPattern.test(text) || text.startsWith('sha256:')
  const shown = isId ? text : familiarName(withDefaultTag(parseReference(text)))
  throw new EngineError('not_found', `No such image: ${shown}`)
}

/** True when `text` reached `image` by its id and not by a name. */
export function isIdOf(image: Image, text: string): boolean {
  const prefix = prefixPattern.exec(text)?.[1]
  return prefix !== undefined && image.id.slice('sha256:'.length).startsWith(prefix)
}

/** The name under which a reference is recorded: with a digest the tag plays no part. */
export function storedName(reference: Reference): string {
  const { digest } = reference
  return familiarName(digest ? withDigest(reference, digest) : withDefaultTag(reference))
}

function findByPrefix(records: Reads, text: string): Image | undefined {
  const prefix = prefixPattern.exec(text)?.[1]
  if (prefix === undefined) return undefined
  const [first, ...others] = records.withPrefix(prefix)
  if (others.length > 0) {
    throw new EngineError('invalid_argument', `multiple IDs found with provided prefix: ${text}`)
  }
  return first
}
