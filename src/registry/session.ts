/** Authorised requests to one repository at one endpoint, tried again when that can help. */
import { sleep } from '#base/async.ts'
import { EngineError, errorKind } from '#base/errors.ts'
import type { Authorizer, AuthorizeOptions } from '#registry/authorizer.ts'
import { parseChallenges } from '#registry/challenge.ts'
import type { Contact } from '#registry/contacts.ts'
import { apiRootOf } from '#registry/hosts.ts'
import { describeRequest, isTransient } from '#registry/network-error.ts'
import type { HttpRequest, HttpResponse, Transport } from '#registry/transport.ts'
import type { RegistryAccess } from '#registry/types.ts'

export interface SessionOptions {
  readonly transport: Transport
  readonly authorizer: Authorizer
  readonly contact: Contact
  /** Nobody answers there any more: what was learnt of this registry is out of date. */
  readonly onUnreachable: () => void
  readonly repository: string
  readonly access: RegistryAccess
  /** Repositories whose blobs may be mounted: the token must cover them too. */
  readonly mountFrom?: readonly string[]
}

export interface SessionRequest extends Omit<HttpRequest, 'url'> {
  /** Below `/v2/<repository>/`, or an absolute URL that this registry gave (upload locations). */
  readonly target: string | URL
}

export interface Session {
  readonly baseUrl: URL
  /** Answers of any status but 401 with an unused credential; 5xx and 429 after the last attempt. */
  send(request: SessionRequest, signal: AbortSignal): Promise<HttpResponse>
}

const attempts = 4
const firstDelayMs = 250
const maxDelayMs = 30_000

export function openSession(options: SessionOptions): Session {
  const { contact } = options
  const root = `${apiRootOf(contact.endpoint.baseUrl)}${options.repository}/`
  let challenges = contact.challenges
  const authorizeOptions = (request: HttpRequest): AuthorizeOptions => ({
    origin: contact.endpoint.baseUrl,
    challenges,
    ...(options.access.auth && !contact.endpoint.isMirror ? { auth: options.access.auth } : {}),
    scopes: scopesOf(options),
    describedRequest: describeRequest(request.method, request.url),
  })
  const sendAuthorized = async (request: HttpRequest, signal: AbortSignal) => {
    const response = await sendOnce(options, request, {
      authorize: authorizeOptions(request),
      signal,
    })
    const asked = parseChallenges(response.header('www-authenticate'))
    const isReplayable = request.body === undefined || typeof request.body === 'string'
    if (response.status !== 401 || asked.length === 0 || !isReplayable) return response
    // A 401 with the credentials already shown is final; a token may have expired or lack a scope.
    if (!challenges.every(({ scheme }) => scheme === 'bearer')) return response
    await response.discard()
    options.authorizer.forget(authorizeOptions(request))
    challenges = asked
    return await sendOnce(options, request, { authorize: authorizeOptions(request), signal })
  }
  return {
    baseUrl: contact.endpoint.baseUrl,
    async send({ target, ...rest }, signal) {
      const url = typeof target === 'string' ? new URL(`${root}${target}`) : target
      const request = { ...rest, url, headers: { ...options.access.headers, ...rest.headers } }
      const isIdempotent = rest.method === 'GET' || rest.method === 'HEAD'
      try {
        return await withRetries(isIdempotent ? attempts : 1, signal, () =>
          sendAuthorized(request, signal),
        )
      } catch (error) {
        if (errorKind(error) === 'unavailable') options.onUnreachable()
        throw error
      }
    },
  }
}

/** `Head "http://localhost:5000/v2/x/manifests/latest"`, as Go begins its errors. */
async function sendOnce(
  options: SessionOptions,
  request: HttpRequest,
  context: { readonly authorize: AuthorizeOptions; readonly signal: AbortSignal },
): Promise<HttpResponse> {
  const isOwnOrigin = request.url.origin === options.contact.endpoint.baseUrl.origin
  const authorization = isOwnOrigin
    ? await options.authorizer.authorize(context.authorize, context.signal)
    : undefined
  const headers = { ...request.headers, ...(authorization ? { authorization } : {}) }
  return await options.transport.send({ ...request, headers }, context.signal)
}

async function withRetries(
  limit: number,
  signal: AbortSignal,
  work: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  for (let attempt = 1, delayMs = firstDelayMs; ; attempt++, delayMs *= 2) {
    const outcome = await work().catch((error: unknown) => {
      if (attempt >= limit || !isTransient(error)) throw error
      return undefined
    })
    const waitMs = outcome === undefined ? delayMs : waitBeforeRetry(outcome, delayMs)
    if (outcome && (waitMs === undefined || attempt >= limit)) return outcome
    await outcome?.discard()
    await sleep(waitMs ?? delayMs, signal)
  }
}

/** Undefined when the answer stands. */
function waitBeforeRetry(response: HttpResponse, delayMs: number): number | undefined {
  const { status } = response
  if (status !== 429 && ![500, 502, 503, 504].includes(status)) return undefined
  const wishedMs = parseRetryAfter(response.header('retry-after') ?? '') ?? delayMs
  return wishedMs > maxDelayMs ? undefined : Math.max(wishedMs, delayMs)
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function parseRetryAfter(header: string): number | undefined {
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : ms
}

function scopesOf(options: SessionOptions): string[] {
  const actions = options.access.actions.toSorted().join(',')
  return [
    `repository:${options.repository}:${actions}`,
    ...(options.mountFrom ?? []).map((name) => `repository:${name}:pull`),
  ]
}

/** Resolves an upload location of this registry. @throws EngineError unavailable when it leads elsewhere by a bad URL */
export function uploadLocation(session: Session, response: HttpResponse): URL {
  const location = response.header('location') ?? ''
  if (location === '' || !URL.canParse(location, session.baseUrl.href)) {
    throw new EngineError('unavailable', `push to ${session.baseUrl.host}: no upload location`)
  }
  return new URL(location, response.url)
}
