/** HTTP to registries: redirects, bodies that end early, refusals in Docker's words. */
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { type AgentOptions, type Agents, openAgents } from '#registry/agents.ts'
import { networkError } from '#registry/network-error.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | string
}

export interface HttpResponse {
  readonly status: number
  /** `404 Not Found`, as Go prints it. */
  readonly statusLine: string
  /** Where the answer came from, after redirects. */
  readonly url: URL
  /** One header by lower-case name; several values joined by `, `. */
  header(name: string): string | undefined
  /** The body's chunks. @throws EngineError unavailable when the connection ends early or stalls */
  body(): AsyncIterable<Uint8Array>
  /** The whole body. @throws EngineError resource_exhausted beyond `maxBytes` */
  readAll(maxBytes: number): Promise<Uint8Array>
  /** Frees the connection of a body that nobody reads. */
  discard(): Promise<void>
}

/** Hosts that are insecure may speak plain http; nothing may stay silent for longer than the idle time. */
export interface TransportOptions extends AgentOptions {
  readonly userAgent: string
}

export interface Transport extends AsyncDisposable {
  /** Sends one request, following redirects of GET and HEAD. @throws EngineError unavailable */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>
}

const maxRedirects = 5
const discardLimitBytes = 64 * 1024

export function openTransport(options: TransportOptions): Transport {
  let agents: Promise<Agents> | undefined
  return {
    async send(request, signal) {
      agents ??= openAgents(options)
      return await follow({ agents: await agents, options }, request, signal)
    },
    async [Symbol.asyncDispose]() {
      await (await agents)?.[Symbol.asyncDispose]()
    },
  }
}

interface Sender {
  readonly agents: Agents
  readonly options: TransportOptions
}

async function follow(
  sender: Sender,
  first: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let request = first
  for (let hops = 0; ; hops++) {
    const response = await sendOnce(sender, request, signal)
    const location = response.header('location')
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status)
    const mayFollow = request.method === 'GET' || request.method === 'HEAD'
    if (!isRedirect || !mayFollow || location === undefined) return response
    await response.discard()
    if (hops === maxRedirects) {
      throw networkError(request.method, request.url, new Error('stopped after 5 redirects'))
    }
    request = redirected(sender, request, location)
  }
}

/**
 * Credentials stay with the origin they were sent to, and a registry that was asked over https
 * cannot send us to plain http.
 */
function redirected(sender: Sender, request: HttpRequest, location: string): HttpRequest {
  const url = parseLocation(request, location)
  const isDowngrade = request.url.protocol === 'https:' && url.protocol === 'http:'
  if (!['http:', 'https:'].includes(url.protocol) || isDowngrade) {
    throw new EngineError(
      'permission_denied',
      `follow redirect of ${request.url.host} to "${url.origin}": refused, it leaves https`,
    )
  }
  if (url.protocol === 'http:' && !sender.options.isInsecure(url.host)) {
    throw new EngineError(
      'permission_denied',
      `follow redirect of ${request.url.host} to "${url.origin}": refused, not an insecure registry`,
    )
  }
  const { authorization: _, ...others } = request.headers ?? {}
  const headers = url.origin === request.url.origin ? (request.headers ?? {}) : others
  return { ...request, url, headers }
}

function parseLocation(request: HttpRequest, location: string): URL {
  try {
    return new URL(location, request.url)
  } catch (error) {
    throw networkError(request.method, request.url, error)
  }
}

async function sendOnce(
  { agents, options }: Sender,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  if (signal.aborted) throw abortReason(signal)
  const agent = agents.for(request.url)
  try {
    const response = await agent.request({
      origin: request.url.origin,
      path: `${request.url.pathname}${request.url.search}`,
      method: request.method,
      headers: { 'user-agent': options.userAgent, ...request.headers },
      body: toUndiciBody(request.body),
      signal,
    })
    return fromUndici(request, response, signal)
  } catch (error) {
    throw signal.aborted ? abortReason(signal) : networkError(request.method, request.url, error)
  }
}

function toUndiciBody(body: HttpRequest['body']): Uint8Array | string | Readable | null {
  if (body === undefined) return null
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  return Readable.from(body, { objectMode: false })
}

function fromUndici(
  request: HttpRequest,
  response: Dispatcher.ResponseData,
  signal: AbortSignal,
): HttpResponse {
  const body = () => readBody(request, response, signal)
  return {
    status: response.statusCode,
    statusLine: `${response.statusCode} ${response.statusText}`.trim(),
    url: request.url,
    header(name) {
      const value = response.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body,
    readAll: (maxBytes) => readWhole(request.url, body(), maxBytes),
    async discard() {
      await response.body.dump({ limit: discardLimitBytes }).catch(() => undefined)
    },
  }
}

async function* readBody(
  request: HttpRequest,
  response: Dispatcher.ResponseData,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body) {
      if (chunk instanceof Uint8Array) yield chunk
    }
  } catch (error) {
    throw signal.aborted ? abortReason(signal) : networkError(request.method, request.url, error)
  }
}

async function readWhole(
  url: URL,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of body) {
    total += chunk.length
    if (total > maxBytes) {
      throw new EngineError(
        'resource_exhausted',
        `read "${url.href}": the answer is larger than ${maxBytes} bytes`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
