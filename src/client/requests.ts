import type { Endpoint } from '#client/host.ts'

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
  /** Asks for the shape of this version, where the client is not bound to one. */
  readonly apiVersion?: string
}

export interface Reply {
  readonly status: number
  header(name: string): string | undefined
  /** Read it or `text()`, once. */
  readonly body: AsyncIterable<Uint8Array>
  text(): Promise<string>
}

/** A request ready to be sent. */
export interface Outgoing {
  readonly endpoint: Endpoint
  readonly call: RequestOptions
  /** Path with version and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** The JSON text of the body. */
  readonly text: string | undefined
}

/** Where requests go, and what all of them carry. */
export interface Addressing {
  /** `1.47`: prefixes paths with `/v1.47`. */
  readonly apiVersion?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export function prepare(call: RequestOptions, endpoint: Endpoint, to: Addressing): Outgoing {
  const text = call.body === undefined ? undefined : JSON.stringify(call.body)
  const base = endpoint.type === 'tcp' ? endpoint.basePath : ''
  const chosen = to.apiVersion ?? call.apiVersion
  const version = chosen === undefined ? '' : `/v${chosen}`
  return {
    endpoint,
    call,
    text,
    target: `${base}${version}${call.path}${queryText(call.query ?? {})}`,
    headers: { ...to.headers, ...call.headers, ...bodyHeaders(call, text) },
  }
}

function bodyHeaders(call: RequestOptions, text: string | undefined): Record<string, string> {
  if (call.stream) return { 'Content-Type': 'application/x-tar', 'Transfer-Encoding': 'chunked' }
  if (text === undefined) return call.method === 'POST' ? { 'Content-Length': '0' } : {}
  return { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }
}

function queryText(query: NonNullable<RequestOptions['query']>): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (typeof value === 'object') for (const item of value) parameters.append(key, item)
    else if (value !== undefined && value !== false && value !== '') {
      parameters.append(key, value === true ? '1' : String(value))
    }
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

/** The whole body as text. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
