import http from 'node:http'
import https from 'node:https'
import { abortReason } from '#base/async.ts'
import { drained } from '#base/drain.ts'
import { EngineError } from '#base/errors.ts'
import { errorOfConnection, errorOfReply } from '#client/errors.ts'
import { hijackOf } from '#client/hijack.ts'
import type { Hijack } from '#client/hijack.ts'
import type { Endpoint } from '#client/host.ts'
import { textOf } from '#client/requests.ts'
import type { Outgoing, Reply, TlsOptions } from '#client/requests.ts'

/** Sends over node:http: any endpoint, streamed bodies, and connections that get hijacked. */
export interface HttpSender extends Disposable {
  send(outgoing: Outgoing): Promise<Reply>
  hijack(outgoing: Outgoing): Promise<Hijack>
}

/** Connections are kept alive and shared by consecutive requests. */
export function openHttpSender(tls: TlsOptions | undefined): HttpSender {
  const agent = openAgent(tls)
  const begin = ({ endpoint, call, target, headers }: Outgoing, extra = {}) =>
    (tls ? https : http).request({
      ...addressFields(endpoint),
      agent,
      method: call.method,
      path: target,
      headers: { ...headers, ...extra },
      ...(call.signal ? { signal: call.signal } : {}),
    })
  return {
    send: (outgoing) => sendForReply(begin(outgoing), outgoing),
    hijack: (outgoing) =>
      sendForHijack(begin(outgoing, { Connection: 'Upgrade', Upgrade: 'tcp' }), outgoing),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

function openAgent(tls: TlsOptions | undefined): http.Agent {
  if (!tls) return new http.Agent({ keepAlive: true })
  const { verifiesServer, ...pem } = tls
  return new https.Agent({ keepAlive: true, ...pem, rejectUnauthorized: verifiesServer })
}

async function sendForReply(request: http.ClientRequest, outgoing: Outgoing): Promise<Reply> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', (error) => reject(failureOf(error, outgoing)))
    sendBody(request, outgoing).catch((error: unknown) => request.destroy(asError(error)))
  })
  const status = response.statusCode ?? 0
  if (status >= 300) throw errorOfReply(status, await textOf(response))
  return {
    status,
    header: (name) => {
      const value = response.headers[name]
      return typeof value === 'string' ? value : undefined
    },
    body: response,
    text: () => textOf(response),
  }
}

async function sendForHijack(request: http.ClientRequest, outgoing: Outgoing): Promise<Hijack> {
  const { promise, resolve, reject } = Promise.withResolvers<Hijack>()
  request.on('upgrade', (response, socket, head) => {
    resolve(hijackOf(socket, head, response.headers['content-type']))
  })
  request.on('response', (response) => {
    const status = response.statusCode ?? 0
    const refuse = (text: string) =>
      reject(errorOfReply(status, status < 300 ? 'the connection was not upgraded' : text))
    textOf(response).then(refuse, reject)
  })
  request.on('error', (error) => reject(failureOf(error, outgoing)))
  await sendBody(request, outgoing)
  return promise
}

async function sendBody(
  request: http.ClientRequest,
  { call: { stream }, text }: Outgoing,
): Promise<void> {
  for await (const chunk of stream ?? []) {
    if (request.destroyed) return
    if (!request.write(chunk)) await drained(request)
  }
  if (text === undefined) request.end()
  else request.end(text)
}

function addressFields(endpoint: Endpoint): http.RequestOptions {
  return endpoint.type === 'unix'
    ? { socketPath: endpoint.path, host: 'gantry' }
    : { host: endpoint.hostname, port: endpoint.port }
}

/** A cancelled call throws the signal's reason, not the socket's complaint about it. */
function failureOf(error: Error, { call, endpoint }: Outgoing): Error {
  if (call.signal?.aborted) return abortReason(call.signal)
  return error instanceof EngineError ? error : errorOfConnection(error, endpoint)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
