import { EngineError } from '#base/errors.ts'
import { type Digest, parseDigest } from '#oci/digest.ts'

/**
 * A parsed `registry/repository:tag@digest` (distribution/reference grammar).
 * `parseReference('busybox')` is `docker.io` / `library/busybox`, with no tag:
 * callers that need one use `withDefaultTag`.
 */
export interface Reference {
  /** Host and optional port, `docker.io` when the text names none. */
  readonly registry: string
  /** Path below the registry, `library/` added for docker.io's single-name repositories. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

export const defaultRegistry = 'docker.io'
const officialPrefix = 'library/'
const maxRepositoryLength = 255

const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*'
const repositoryPath = `${pathComponent}(?:/${pathComponent})*`
const tagText = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}'
const digestText = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const referencePattern = new RegExp(
  `^(${domain})/(${repositoryPath})(?::(${tagText}))?(?:@(${digestText}))?$`,
)
const tagPattern = new RegExp(`^${tagText}$`)
const identifierPattern = /^[a-f0-9]{64}$/
/** No reference is longer: a bound before the pattern runs over text from outside. */
const maxTextLength = 1024

/**
 * Reads what people write (`busybox`, `ghcr.io/a/b:1`, `x@sha256:…`) in Docker's normalised grammar.
 * @throws EngineError invalid_argument with Docker's own text
 */
export function parseReference(text: string): Reference {
  if (identifierPattern.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  }
  if (text.length > maxTextLength) throw invalid('invalid reference format')
  const { registry, rest } = splitRegistry(text)
  const tagStart = rest.indexOf(':')
  const path = tagStart === -1 ? rest : rest.slice(0, tagStart)
  if (path.toLowerCase() !== path) {
    throw invalid(`invalid reference format: repository name (${path}) must be lowercase`)
  }
  const match = referencePattern.exec(`${registry}/${rest}`)
  if (!match) throw invalid('invalid reference format')
  const [, , repository = '', tag, digest] = match
  if (repository.length > maxRepositoryLength) {
    throw invalid(
      `invalid reference format: repository name must not be more than ${maxRepositoryLength} characters`,
    )
  }
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: readDigest(digest) }),
  }
}

/** `parseReference`, or undefined when the text is none. */
export function findReference(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'invalid_argument') return undefined
    throw error
  }
}

/** The canonical form: `docker.io/library/busybox:latest`. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`
}

/** Docker's short form of the repository alone: `busybox`, `localhost:5000/x`. */
export function familiarRepository(reference: Reference): string {
  const { registry, repository } = reference
  if (registry !== defaultRegistry) return `${registry}/${repository}`
  const short = repository.startsWith(officialPrefix)
    ? repository.slice(officialPrefix.length)
    : repository
  return short.includes('/') ? repository : short
}

/** Docker's short form with tag and digest: `busybox:latest`, `x@sha256:…`. */
export function familiarName(reference: Reference): string {
  return `${familiarRepository(reference)}${suffix(reference)}`
}

/** Adds `:latest` to a reference with neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference
  return { ...reference, tag: 'latest' }
}

/** The reference with this tag and no digest. @throws EngineError invalid_argument */
export function withTag(reference: Reference, tag: string): Reference {
  if (!tagPattern.test(tag)) throw invalid('invalid tag format')
  return { registry: reference.registry, repository: reference.repository, tag }
}

/** The reference with this digest and no tag. */
export function withDigest(reference: Reference, digest: Digest): Reference {
  return { registry: reference.registry, repository: reference.repository, digest }
}

function splitRegistry(text: string): { registry: string; rest: string } {
  const slash = text.indexOf('/')
  const first = slash === -1 ? '' : text.slice(0, slash)
  const isHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first
  const named = isHost ? first : defaultRegistry
  const registry = named === 'index.docker.io' ? defaultRegistry : named
  const rest = isHost ? text.slice(slash + 1) : text
  const isOfficial = registry === defaultRegistry && !rest.includes('/')
  return { registry, rest: isOfficial ? `${officialPrefix}${rest}` : rest }
}

function readDigest(text: string): Digest {
  try {
    return parseDigest(text)
  } catch (error) {
    throw new EngineError('invalid_argument', 'invalid reference format: invalid digest', {
      cause: error,
    })
  }
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  return `${tag}${digest}`
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
