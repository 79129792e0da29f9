/** `docker login`: are these credentials good, and does the registry give a token instead? */
import { EngineError } from '#base/errors.ts'
import { createAuthorizer, tokenRequest } from '#registry/authorizer.ts'
import type { Contacts } from '#registry/contacts.ts'
import { faultText, readFault } from '#registry/fault.ts'
import { apiRootOf, type Endpoint } from '#registry/hosts.ts'
import { describeRequest } from '#registry/network-error.ts'
import type { TokenSource } from '#registry/tokens.ts'
import type { Transport } from '#registry/transport.ts'
import type { RegistryAuth } from '#registry/types.ts'

export interface LoginDeps {
  readonly transport: Transport
  readonly contacts: Contacts
  readonly tokens: TokenSource
  readonly isInsecure: (host: string) => boolean
}

export interface LoginRequest {
  readonly endpoints: readonly Endpoint[]
  readonly auth: RegistryAuth
}

/** @throws EngineError unauthenticated when the registry refuses them */
export async function checkLogin(
  deps: LoginDeps,
  { endpoints, auth }: LoginRequest,
  signal: AbortSignal,
): Promise<{ identityToken?: string }> {
  const contact = await deps.contacts.reach(endpoints, signal)
  const origin = contact.endpoint.baseUrl
  const { challenges } = contact
  const bearer = tokenRequest({ origin, challenges, auth, scopes: [] }, deps.isInsecure)
  const url = new URL(apiRootOf(origin))
  const describedRequest = describeRequest('GET', url)
  try {
    const offline = bearer
      ? await deps.tokens.get({ ...bearer, isOffline: true }, signal)
      : undefined
    const authorization = offline
      ? `Bearer ${offline.value}`
      : await createAuthorizer(deps.tokens, deps.isInsecure).authorize(
          { origin, challenges, auth, scopes: [], describedRequest },
          signal,
        )
    const headers = authorization === undefined ? {} : { authorization }
    const response = await deps.transport.send({ method: 'GET', url, headers }, signal)
    if (response.status !== 200) {
      const detail = faultText(await readFault(response))
      throw new EngineError('permission_denied', `login attempt to ${url.href} failed: ${detail}`)
    }
    await response.discard()
    return offline?.refreshToken === undefined ? {} : { identityToken: offline.refreshToken }
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'permission_denied') throw error
    throw new EngineError('unauthenticated', error.message, { cause: error })
  }
}
