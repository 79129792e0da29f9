import { now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import { familiarName, type Reference, withDefaultTag } from '#oci/reference.ts'
import { getImage } from '#image/lookup.ts'
import type { ImageRecords } from '#image/records.ts'
import type { Image, ImageEvent } from '#image/types.ts'

export interface TagDeps {
  readonly records: ImageRecords
  readonly onEvent: (event: ImageEvent) => void
}

/**
 * Gives an image one more name; an image that had it loses it and may be left dangling.
 * @throws EngineError not_found, invalid_argument
 */
export function tagImage(deps: TagDeps, nameOrId: string, target: Reference): Image {
  if (target.digest !== undefined) {
    throw new EngineError('invalid_argument', 'refusing to create a tag with a digest reference')
  }
  const { id } = getImage(deps.records, nameOrId)
  const facts = deps.records.facts(id)
  if (!facts) throw new EngineError('internal', `tag image ${id}: no record`)
  const name = familiarName(withDefaultTag(target))
  if (name.startsWith('sha256:')) {
    throw new EngineError(
      'invalid_argument',
      'refusing to create an ambiguous tag using digest algorithm as name',
    )
  }
  deps.records.put({ ...facts, lastTaggedAt: now() }, [{ type: 'tag', name }])
  const tagged = getImage(deps.records, id)
  const labels = tagged.config.config?.Labels ?? {}
  deps.onEvent({ action: 'tag', id, attributes: { ...labels, name } })
  return tagged
}
