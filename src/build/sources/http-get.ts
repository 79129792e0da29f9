/**
 * One GET over undici's own client: `fetch` refuses ports that browsers refuse (6000, 6667 …),
 * and unpacks what a server compressed.
 */
import { getCACertificates } from 'node:tls'
import type { Dispatcher } from 'undici'
import { networkError } from '#registry/network-error.ts'

export interface HttpAnswer {
  readonly status: number
  /** One header by lower-case name. */
  header(name: string): string | undefined
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection of a body that nobody reads. */
  discard(): void
}

export interface HttpGet {
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
}

let opened: ReturnType<typeof open> | undefined

async function open() {
  const { Agent: UndiciAgent, request } = await import('undici')
  const ca = [...getCACertificates('default'), ...getCACertificates('system')]
  return { request, agent: new UndiciAgent({ connect: { ca, timeout: 15_000 } }) }
}

/** Follows no redirect. @throws EngineError unavailable `Get "URL": …` */
export async function httpGet(
  { url, headers = {} }: HttpGet,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  let response: Dispatcher.ResponseData
  try {
    const { request, agent } = await (opened ??= open())
    response = await request(url, { headers, signal, dispatcher: agent })
  } catch (error) {
    signal.throwIfAborted()
    throw networkError('GET', url, error)
  }
  const { statusCode, headers: answered, body } = response
  return {
    status: statusCode,
    header(name) {
      const value = answered[name]
      return typeof value === 'string' ? value : value?.join(', ')
    },
    body: bodyOf(response, url, signal),
    discard: () => void body.on('error', () => undefined).destroy(),
  }
}

async function* bodyOf(
  { body }: Dispatcher.ResponseData,
  url: URL,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk
  } catch (error) {
    signal.throwIfAborted()
    throw networkError('GET', url, error)
  }
}
