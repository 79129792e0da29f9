import http from 'node:http'
import { EngineError, errnoOf } from '#base/errors.ts'
import { abortReason } from '#base/async.ts'
import { errorOfConnection, errorOfReply } from '#client/errors.ts'
import type { Endpoint } from '#client/host.ts'
import { hijackOf } from '#client/hijack.ts'
import type { Hijack } from '#client/hijack.ts'

/** PEM texts of a mutual TLS connection. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** False accepts any server certificate (`--tls` without `--tlsverify`). */
  readonly verifiesServer: boolean
}

export type QueryValue = string | number | boolean | readonly string[] | undefined

export interface RequestOptions {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** Undefined, false and empty values are left out; arrays repeat the key. */
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is, chunked (image load and import). */
  readonly stream?: AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal | undefined
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<http.IncomingHttpHeaders>
  readonly body: AsyncIterable<Uint8Array>
}

export interface Transport extends Disposable {
  /** Resolves with the headers. @throws EngineError of the engine's refusal, or of the connection */
  request(options: RequestOptions): Promise<Reply>
  /** Turns the connection into a raw byte stream (attach, exec). */
  hijack(options: RequestOptions): Promise<Hijack>
}

export interface TransportOptions {
  /** A function is asked once, at the first request (a tunnel that has to be opened). */
  readonly endpoint: Endpoint | (() => Promise<Endpoint>)
  readonly tls?: TlsOptions | undefined
  /** Prefixes paths with `/v1.47`; without it the engine's newest version answers. */
  readonly apiVersion?: string | undefined
  /** Added to every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Asked once when nothing listens at the endpoint; true sends the request again. */
  readonly whenUnreachable?: (() => Promise<boolean>) | undefined
}

/** Connections are kept alive and shared by consecutive requests; `using` closes idle ones. */
export function openTransport(options: TransportOptions): Transport {
  const opening = openLibrary(options.tls)
  let located: Promise<Endpoint> | undefined
  let isAwake = options.whenUnreachable === undefined

  async function begin(call: RequestOptions, extra: Readonly<Record<string, string>>) {
    const { request, agent } = await opening
    located ??=
      typeof options.endpoint === 'function'
        ? options.endpoint()
        : Promise.resolve(options.endpoint)
    const endpoint = await located
    const begun = request({
      ...addressFields(endpoint),
      agent,
      method: call.method,
      path: pathOf(options, endpoint, call),
      headers: { ...options.headers, ...call.headers, ...bodyHeaders(call), ...extra },
      ...(call.signal ? { signal: call.signal } : {}),
    })
    return { request: begun, call, endpoint }
  }

  async function attempt<T>(call: RequestOptions, send: () => Promise<T>): Promise<T> {
    // A body that is read once cannot be sent again: find out first whether anybody listens.
    if (!isAwake && call.stream)
      await attempt(ping, async () => sendForReply(await begin(ping, {})))
    try {
      const result = await send()
      isAwake = true
      return result
    } catch (error) {
      if (isAwake || !isNobodyThere(error)) throw error
      isAwake = true
      if (!(await options.whenUnreachable?.())) throw error
      return send()
    }
  }

  return {
    request: (call) => attempt(call, async () => sendForReply(await begin(call, {}))),
    hijack: (call) => attempt(call, async () => sendForHijack(await begin(call, upgradeHeaders))),
    [Symbol.dispose]: () => {
      void opening.then(({ agent }) => agent.destroy())
    },
  }
}

const ping: RequestOptions = { method: 'HEAD', path: '/_ping' }
const upgradeHeaders = { Connection: 'Upgrade', Upgrade: 'tcp' }

function isNobodyThere(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'ECONNREFUSED'
}

interface Begun {
  readonly request: http.ClientRequest
  readonly call: RequestOptions
  readonly endpoint: Endpoint
}

interface HttpLibrary {
  readonly request: (options: http.RequestOptions) => http.ClientRequest
  readonly agent: http.Agent
}

async function openLibrary(tls: TlsOptions | undefined): Promise<HttpLibrary> {
  if (!tls) return { request: http.request, agent: new http.Agent({ keepAlive: true }) }
  const https = (await import('node:https')).default
  const { verifiesServer, ...pem } = tls
  const agent = new https.Agent({ keepAlive: true, ...pem, rejectUnauthorized: verifiesServer })
  return { request: https.request, agent }
}

async function sendForReply({ request, call, endpoint }: Begun): Promise<Reply> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', (error) => reject(failureOf(error, call, endpoint)))
    void sendBody(request, call).catch((error: unknown) => request.destroy(asError(error)))
  })
  const status = response.statusCode ?? 0
  if (status >= 300) throw errorOfReply(status, await textOf(response))
  return { status, headers: response.headers, body: response }
}

async function sendForHijack({ request, call, endpoint }: Begun): Promise<Hijack> {
  const { promise, resolve, reject } = Promise.withResolvers<Hijack>()
  request.on('upgrade', (response, socket, head) => {
    resolve(hijackOf(socket, head, response.headers['content-type']))
  })
  request.on('response', (response) => {
    const status = response.statusCode ?? 0
    textOf(response).then(
      (text) =>
        reject(errorOfReply(status, status < 300 ? 'the connection was not upgraded' : text)),
      reject,
    )
  })
  request.on('error', (error) => reject(failureOf(error, call, endpoint)))
  await sendBody(request, call)
  return promise
}

async function sendBody(request: http.ClientRequest, call: RequestOptions): Promise<void> {
  if (call.stream) {
    for await (const chunk of call.stream) {
      if (request.destroyed) return
      if (!request.write(chunk)) await new Promise((resolve) => request.once('drain', resolve))
    }
    request.end()
  } else if (call.body === undefined) {
    request.end()
  } else {
    request.end(JSON.stringify(call.body))
  }
}

function bodyHeaders(call: RequestOptions): Record<string, string> {
  if (call.stream) return { 'Content-Type': 'application/x-tar', 'Transfer-Encoding': 'chunked' }
  if (call.body === undefined) return call.method === 'POST' ? { 'Content-Length': '0' } : {}
  const length = Buffer.byteLength(JSON.stringify(call.body))
  return { 'Content-Type': 'application/json', 'Content-Length': String(length) }
}

function pathOf(options: TransportOptions, endpoint: Endpoint, call: RequestOptions): string {
  const base = endpoint.type === 'tcp' ? endpoint.basePath : ''
  const version = options.apiVersion === undefined ? '' : `/v${options.apiVersion}`
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(call.query ?? {})) {
    if (typeof value === 'object') for (const item of value) query.append(key, item)
    else if (value !== undefined && value !== false && value !== '') {
      query.append(key, value === true ? '1' : String(value))
    }
  }
  const text = query.toString()
  return `${base}${version}${call.path}${text === '' ? '' : `?${text}`}`
}

function addressFields(endpoint: Endpoint): http.RequestOptions {
  return endpoint.type === 'unix'
    ? { socketPath: endpoint.path, host: 'gantry' }
    : { host: endpoint.hostname, port: endpoint.port }
}

/** A cancelled call throws the signal's reason, not the socket's complaint about it. */
function failureOf(error: Error, call: RequestOptions, endpoint: Endpoint): Error {
  if (call.signal?.aborted) return abortReason(call.signal)
  return error instanceof EngineError ? error : errorOfConnection(error, endpoint)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** The whole body as text. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
