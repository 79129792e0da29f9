/** Turns a registry's challenge and the caller's credentials into an `Authorization` header. */
import { EngineError } from '#base/errors.ts'
import type { Challenge } from '#registry/challenge.ts'
import { basicCredentials, type TokenRequest, type TokenSource } from '#registry/tokens.ts'
import type { RegistryAuth } from '#registry/types.ts'

export interface AuthorizeOptions {
  /** The registry that asked. */
  readonly origin: URL
  readonly challenges: readonly Challenge[]
  /** Absent for mirrors: credentials are only for the registry they were given for. */
  readonly auth?: RegistryAuth
  readonly scopes: readonly string[]
  /** `Head "https://…"`, for the error when there is nothing to answer with. */
  readonly describedRequest: string
}

export interface Authorizer {
  /** The header's value, or undefined when the registry did not ask for one. */
  authorize(options: AuthorizeOptions, signal: AbortSignal): Promise<string | undefined>
  /** After a 401 to a cached token. */
  forget(options: AuthorizeOptions): void
}

export function createAuthorizer(
  tokens: TokenSource,
  isInsecure: (host: string) => boolean,
): Authorizer {
  return {
    async authorize(options, signal) {
      const { auth, challenges } = options
      if (auth?.type === 'registryToken') return `Bearer ${auth.token}`
      const request = tokenRequest(options, isInsecure)
      if (request) return `Bearer ${(await tokens.get(request, signal)).value}`
      if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined
      if (auth?.type === 'basic') return basicCredentials(auth)
      throw new EngineError(
        'permission_denied',
        `${options.describedRequest}: no basic auth credentials`,
        { hint: 'log in with "gantry login"' },
      )
    },
    forget(options) {
      const request = tokenRequest(options, isInsecure)
      if (request) tokens.forget(request)
    },
  }
}

/** The token request that a bearer challenge asks for; undefined without such a challenge. */
export function tokenRequest(
  options: Pick<AuthorizeOptions, 'origin' | 'challenges' | 'auth' | 'scopes'>,
  isInsecure: (host: string) => boolean,
): TokenRequest | undefined {
  const challenge = options.challenges.find(({ scheme }) => scheme === 'bearer')
  if (!challenge) return undefined
  const realm = parseRealm(challenge.parameters['realm'], options.origin, isInsecure)
  return {
    realm,
    service: challenge.parameters['service'] ?? '',
    scopes: options.scopes,
    ...(options.auth ? { auth: options.auth } : {}),
  }
}

/** A registry reached over https cannot have passwords sent in the clear. */
function parseRealm(
  text: string | undefined,
  origin: URL,
  isInsecure: (host: string) => boolean,
): URL {
  const realm = URL.canParse(text ?? '') ? new URL(text ?? '') : undefined
  if (!realm || (realm.protocol !== 'https:' && realm.protocol !== 'http:')) {
    throw new EngineError('unavailable', `authenticate at ${origin.host}: invalid token realm`)
  }
  const isDowngrade = origin.protocol === 'https:' || !isInsecure(realm.host)
  if (realm.protocol === 'http:' && isDowngrade) {
    throw new EngineError(
      'permission_denied',
      `authenticate at ${origin.host}: refused to send credentials to "${realm.origin}" without https`,
    )
  }
  return realm
}
