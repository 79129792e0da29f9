import { errnoOf } from '#base/errors.ts'
import { hasUnixFetch, sendByFetch } from '#client/fetch-sender.ts'
import type { Hijack } from '#client/hijack.ts'
import type { Endpoint } from '#client/host.ts'
import type { HttpSender } from '#client/http-sender.ts'
import { prepare } from '#client/requests.ts'
import { hijackUnix } from '#client/unix-hijack.ts'
import type { Addressing, Outgoing, Reply, RequestOptions, TlsOptions } from '#client/requests.ts'

export interface Transport extends Disposable {
  /** Resolves with the headers. @throws EngineError of the engine's refusal, or of the connection */
  request(options: RequestOptions): Promise<Reply>
  /** Turns the connection into a raw byte stream (attach, exec). */
  hijack(options: RequestOptions): Promise<Hijack>
}

export interface TransportOptions extends Addressing {
  /** A function is asked once, at the first request (a tunnel that has to be opened). */
  readonly endpoint: Endpoint | (() => Promise<Endpoint>)
  readonly tls?: TlsOptions | undefined
  /** Asked once when nothing listens at the endpoint; true sends the request again. */
  readonly whenUnreachable?: (() => Promise<boolean>) | undefined
}

const ping: RequestOptions = { method: 'HEAD', path: '/_ping' }

/** Opens connections when they are needed; `using` closes idle ones. */
export function openTransport(options: TransportOptions): Transport {
  let located: Promise<Endpoint> | undefined
  let sender: Promise<HttpSender> | undefined
  let isAwake = options.whenUnreachable === undefined

  async function outgoingOf(call: RequestOptions): Promise<Outgoing> {
    const { endpoint } = options
    located ??= typeof endpoint === 'function' ? endpoint() : Promise.resolve(endpoint)
    return prepare(call, await located, options)
  }

  function httpSender(): Promise<HttpSender> {
    sender ??= import('#client/http-sender.ts').then((module) => module.openHttpSender(options.tls))
    return sender
  }

  async function send(call: RequestOptions): Promise<Reply> {
    const outgoing = await outgoingOf(call)
    const { endpoint } = outgoing
    const isPlain = endpoint.type === 'unix' && !call.stream
    if (isPlain && hasUnixFetch()) return sendByFetch(outgoing, endpoint.path)
    return (await httpSender()).send(outgoing)
  }

  async function hijack(call: RequestOptions): Promise<Hijack> {
    const outgoing = await outgoingOf(call)
    const { endpoint } = outgoing
    if (endpoint.type === 'unix' && hasUnixFetch()) return hijackUnix(outgoing, endpoint.path)
    return (await httpSender()).hijack(outgoing)
  }

  /** Runs `work`; when nobody listens, asks once for somebody and runs it again. */
  async function awake<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      isAwake = true
      return result
    } catch (error) {
      if (isAwake || !isNobodyThere(error)) throw error
      isAwake = true
      if (!(await options.whenUnreachable?.())) throw error
      return work()
    }
  }

  return {
    async request(call) {
      // A body that is read once cannot be sent again: find out first whether anybody listens.
      if (!isAwake && call.stream) await awake(() => send(ping))
      return awake(() => send(call))
    },
    hijack: (call) => awake(() => hijack(call)),
    [Symbol.dispose]: () => {
      void sender?.then((opened) => opened[Symbol.dispose]())
    },
  }
}

function isNobodyThere(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'ECONNREFUSED'
}
