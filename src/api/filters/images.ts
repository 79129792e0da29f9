import type { Instant } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import type { Image, Images } from '#image/types.ts'
import { matchesLabels } from '#api/filters/labels.ts'
import { parseUntil } from '#api/filters/time.ts'
import type { Filters } from '#wire/filters.ts'

export const imageFilterKeys = [
  'before',
  'dangling',
  'label',
  'label!',
  'reference',
  'since',
  'until',
] as const

type Predicate = (image: Image) => boolean

/** @throws EngineError invalid_argument; not_found for `before`/`since` images */
export function imagePredicate(images: Images, filters: Filters, at: Instant): Predicate {
  const predicates = Object.entries(filters).map(([key, values]) =>
    predicateOf({ images, at }, key, values),
  )
  return (image) => predicates.every((matches) => matches(image))
}

/** Which names of an image the list shows: with a `reference` filter those that it names. */
export function shownNames(filters: Filters): (name: string) => boolean {
  const { reference: patterns } = filters
  return patterns === undefined ? () => true : namePredicate(patterns)
}

function namePredicate(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map(globPattern)
  return (name) =>
    patterns.some((pattern) => pattern.test(name) || pattern.test(repositoryOf(name)))
}

interface FilterContext {
  readonly images: Images
  readonly at: Instant
}

function predicateOf(context: FilterContext, key: string, values: readonly string[]): Predicate {
  const [value = ''] = values
  switch (key) {
    case 'dangling': {
      const wanted = parseFilterBool(key, values)
      return ({ repoTags }) => (repoTags.length === 0) === wanted
    }
    case 'label':
      return ({ config }) => matchesLabels(config.config?.Labels ?? {}, values)
    case 'label!':
      return ({ config }) => matchesLabels(config.config?.Labels ?? {}, [], values)
    case 'reference': {
      const isWanted = namePredicate(values)
      return ({ repoTags, repoDigests }) => [...repoTags, ...repoDigests].some(isWanted)
    }
    case 'before':
    case 'since': {
      const { createdAt } = context.images.get(value)
      return (image) =>
        key === 'before' ? image.createdAt < createdAt : image.createdAt > createdAt
    }
    case 'until': {
      const limit = parseUntil(value, context.at)
      return ({ createdAt }) => createdAt < limit
    }
    default:
      throw new EngineError('invalid_argument', `invalid filter '${key}'`)
  }
}

/** Of filters Docker takes these four alone. */
function parseFilterBool(key: string, values: readonly string[]): boolean {
  const [value = '', ...others] = values
  if (others.length === 0 && ['1', 'true'].includes(value)) return true
  if (others.length === 0 && ['0', 'false'].includes(value)) return false
  throw new EngineError('invalid_argument', `invalid filter '${key}=[${values.join(' ')}]'`)
}

/** A name without its tag or digest. */
function repositoryOf(name: string): string {
  const at = name.indexOf('@')
  if (at >= 0) return name.slice(0, at)
  const colon = name.lastIndexOf(':')
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name
}

/** Go's path.Match: `*` and `?` stop at slashes, `[a-z]` is a set. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]')
  try {
    return new RegExp(`^${source}$`)
  } catch (error) {
    throw new EngineError('invalid_argument', `invalid filter 'reference=${glob}'`, {
      cause: error,
    })
  }
}
