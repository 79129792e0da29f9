import { EngineError } from '#base/errors.ts'
import { familiarName, formatReference, parseReference, withDefaultTag } from '#oci/reference.ts'

/**
 * The repository and tag of a name, as `POST /images/{name}/tag` and `/images/create` take them.
 * @throws EngineError invalid_argument with Docker's text; a digest is no tag
 */
export function splitTag(name: string): { readonly repository: string; readonly tag?: string } {
  const { digest, tag } = parseReference(name)
  if (digest !== undefined) {
    throw new EngineError('invalid_argument', 'refusing to create a tag with a digest reference')
  }
  if (tag === undefined) return { repository: name }
  return { repository: name.slice(0, -tag.length - 1), tag }
}

/** `busybox` → `docker.io/library/busybox:latest`: what a pull of this name fetches. */
export function canonicalName(name: string): string {
  return formatReference(withDefaultTag(parseReference(name)))
}

/** `busybox` → `busybox:latest`: the name as people see it, with the tag it stands for. */
export function canonicalTag(name: string): string {
  return familiarName(withDefaultTag(parseReference(name)))
}
