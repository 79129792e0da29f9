/** The tags of a repository, page by page as the distribution spec gives them. */
import { EngineError } from '#base/errors.ts'
import type { Reference } from '#oci/reference.ts'
import { pullError, readFault } from '#registry/fault.ts'
import type { Session } from '#registry/session.ts'

const maxPageBytes = 4 * 1024 * 1024
/** A registry that never ends its list is cut off here. */
const maxPages = 1000

/** @throws EngineError as `Repository` says, data_loss for an answer that is no list */
export async function listTags(
  session: Session,
  reference: Reference,
  signal: AbortSignal,
): Promise<string[]> {
  const tags: string[] = []
  let target: string | URL = 'tags/list'
  for (let page = 0; page < maxPages; page++) {
    const response = await session.send({ method: 'GET', target }, signal)
    if (response.status !== 200) throw pullError(await readFault(response), reference)
    tags.push(...parsePage(await response.readAll(maxPageBytes), reference))
    const next = nextPage(response.header('link'), response.url)
    if (!next) break
    target = next
  }
  return tags
}

function parsePage(bytes: Uint8Array, reference: Reference): string[] {
  const found: unknown = parseLoosely(bytes)
  const tags: unknown = typeof found === 'object' && found ? Reflect.get(found, 'tags') : undefined
  // Registries give null for a repository without tags.
  if (tags === null) return []
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags
  throw new EngineError('data_loss', `list tags of "${reference.repository}": no list of names`)
}

function parseLoosely(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** `<url>; rel="next"` (RFC 8288), on the same registry; elsewhere is no next page. */
function nextPage(link: string | undefined, from: URL): URL | undefined {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1]
  if (target === undefined || !URL.canParse(target, from)) return undefined
  const url = new URL(target, from)
  return url.origin === from.origin ? url : undefined
}
