/** Bearer tokens from a registry's token service (distribution token specification). */
import { EngineError } from '#base/errors.ts'
import { decodeInteger, decodeText, member, parseJsonObject } from '#oci/decode.ts'
import { faultText, kindOfStatus, readFault } from '#registry/fault.ts'
import type { HttpRequest, Transport } from '#registry/transport.ts'
import type { RegistryAuth } from '#registry/types.ts'

export interface TokenRequest {
  readonly realm: URL
  readonly service: string
  readonly scopes: readonly string[]
  readonly auth?: RegistryAuth
  /** Ask for a refresh token too (`docker login`). */
  readonly isOffline?: boolean
}

export interface Token {
  readonly value: string
  readonly refreshToken?: string
}

export interface TokenSource {
  /** A cached token, or a fresh one. @throws EngineError permission_denied, unavailable */
  get(request: TokenRequest, signal: AbortSignal): Promise<Token>
  /** Drops a token that a registry no longer takes. */
  forget(request: TokenRequest): void
}

interface CachedToken {
  readonly token: Token
  readonly expiresAtMs: number
}

const clientId = 'gantry'
const maxTokenBytes = 1024 * 1024
const defaultLifetimeS = 60
/** A token this near its end is not used: the request must still arrive with it. */
const marginMs = 10_000
const maxCached = 256

export function createTokenSource(transport: Transport): TokenSource {
  const cache = new Map<string, CachedToken>()
  return {
    async get(request, signal) {
      const key = cacheKey(request)
      const cached = cache.get(key)
      if (cached && cached.expiresAtMs > Date.now() + marginMs) return cached.token
      cache.delete(key)
      const fresh = await fetchToken(transport, request, signal)
      const oldest = cache.keys().next()
      if (cache.size >= maxCached && oldest.done !== true) cache.delete(oldest.value)
      cache.set(key, fresh)
      return fresh.token
    },
    forget: (request) => void cache.delete(cacheKey(request)),
  }
}

function cacheKey(request: TokenRequest): string {
  return JSON.stringify([
    request.realm.href,
    request.service,
    request.scopes,
    request.auth ?? null,
    request.isOffline ?? false,
  ])
}

async function fetchToken(
  transport: Transport,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<CachedToken> {
  const response = await transport.send(tokenHttpRequest(request), signal)
  if (response.status !== 200) {
    const fault = await readFault(response)
    throw new EngineError(kindOfStatus(fault.status), `${describe(request)}: ${faultText(fault)}`)
  }
  const json = parseJsonObject(await response.readAll(maxTokenBytes), 'token answer')
  const {
    token,
    access_token: accessToken,
    refresh_token: refreshToken,
  } = {
    ...member(json, 'token', decodeText),
    ...member(json, 'access_token', decodeText),
    ...member(json, 'refresh_token', decodeText),
  }
  const value = token ?? accessToken
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) {
    throw new EngineError(
      'unavailable',
      `${describe(request)}: authorization server did not include a token in the response`,
    )
  }
  const lifetimeS = member(json, 'expires_in', decodeInteger).expires_in ?? defaultLifetimeS
  return {
    token: { value, ...(refreshToken === undefined ? {} : { refreshToken }) },
    expiresAtMs: Date.now() + Math.max(lifetimeS, defaultLifetimeS) * 1000,
  }
}

function tokenHttpRequest(request: TokenRequest): HttpRequest {
  const { auth } = request
  if (auth?.type === 'identityToken') return refreshRequest(request, auth.token)
  const url = new URL(request.realm)
  if (request.service !== '') url.searchParams.set('service', request.service)
  for (const scope of request.scopes) url.searchParams.append('scope', scope)
  if (request.isOffline) {
    url.searchParams.set('offline_token', 'true')
    url.searchParams.set('client_id', clientId)
  }
  if (auth?.type !== 'basic') return { method: 'GET', url }
  url.searchParams.set('account', auth.username)
  return { method: 'GET', url, headers: { authorization: basicCredentials(auth) } }
}

/** OAuth2 (RFC 6749 §6): the identity token is a refresh token. */
function refreshRequest(request: TokenRequest, refreshToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: request.service,
    client_id: clientId,
    refresh_token: refreshToken,
  })
  if (request.scopes.length > 0) form.set('scope', request.scopes.join(' '))
  return {
    method: 'POST',
    url: request.realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  }
}

export function basicCredentials(auth: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`
}

function describe(request: TokenRequest): string {
  return `failed to authorize: failed to fetch token from ${request.realm.origin}${request.realm.pathname}`
}
