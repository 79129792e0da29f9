import {
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { sleep } from '#base/async.ts'
import { EngineError, errorMessage } from '#base/errors.ts'
import type { Engine } from '#engine/types.ts'
import type { Answer, HijackAnswer } from '#api/answer.ts'
import type { ApiOptions } from '#api/call.ts'
import { deliver } from '#api/deliver.ts'
import { dispatch, type DispatchContext, findRoute } from '#api/dispatch.ts'
import { commonHeaders, contentTypes } from '#api/headers.ts'
import { createSummaryCache } from '#api/mapping/container-summary.ts'
import { summaryFacts } from '#api/facts.ts'
import { compileRoutes } from '#api/route.ts'
import { routes } from '#api/routes.ts'
import { type TakenConnection, takePlain, takeUpgraded } from '#api/takeover.ts'
import { parseTarget } from '#api/target.ts'

/** What a client may send ahead of the answer to its hijack request: nothing stops it before. */
const maxEarlyBytes = 1024 * 1024

/** How long answers in flight may take to end once they are told to. */
const closeGraceMs = 3000

/** The API on any number of HTTP servers (one per listening address). */
export interface ApiServer {
  /** For `http.createServer` and `https.createServer`. */
  readonly serverOptions: ServerOptions
  /** Answers the requests of `server` from now on. */
  serve(server: Server): void
  /** Ends every stream and answer in flight (events, logs, attachments) and waits for them. */
  close(): Promise<void>
}

interface ServerContext extends DispatchContext {
  readonly closing: AbortSignal
  readonly inFlight: Set<Promise<void>>
  /** Bytes after a hijack request that came before its handler took the connection over. */
  readonly early: WeakMap<Duplex, Uint8Array[]>
}

export function createApiServer(engine: Engine, options: ApiOptions): ApiServer {
  const closing = new AbortController()
  const context: ServerContext = {
    engine,
    options,
    match: compileRoutes(routes),
    summaries: createSummaryCache(summaryFacts(engine)),
    log: engine.log.child({ part: 'api' }),
    closing: closing.signal,
    inFlight: new Set(),
    early: new WeakMap(),
  }
  return {
    serverOptions: {
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      keepAliveTimeout: 120_000,
      headersTimeout: 60_000,
      // An upload (load, import) takes as long as it takes.
      requestTimeout: 0,
      shouldUpgradeCallback: (request) => isHijackRequest(context, request),
    },
    serve(server) {
      server.on('request', (request, response) => {
        track(context, serveRequest(context, request, response))
      })
      server.on('upgrade', (request, stream, head) => {
        track(context, serveUpgrade(context, request, { stream, head }))
      })
      server.on('clientError', (error, stream) => refuseClient(context, error, stream))
    },
    async close() {
      closing.abort()
      const settled = new AbortController()
      const grace = sleep(closeGraceMs, settled.signal).catch(() => undefined)
      await Promise.race([Promise.allSettled(context.inFlight), grace])
      settled.abort()
    },
  }
}

function track(context: ServerContext, work: Promise<void>): void {
  const settled = work
    .catch((error: unknown) => {
      context.log.warn({ reason: errorMessage(error) }, 'connection failed')
    })
    .finally(() => context.inFlight.delete(settled))
  context.inFlight.add(settled)
}

/** Made once: every request ends with it, and an error of its own would cost a stack each time. */
const clientGone = new EngineError('cancelled', 'client closed the connection')

async function serveRequest(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const early: Uint8Array[] = []
  if (isHijackRequest(context, request)) context.early.set(request.socket, early)
  const gone = new AbortController()
  response.once('close', () => gone.abort(clientGone))
  const signal = AbortSignal.any([gone.signal, context.closing])
  const answer = await dispatch(context, request, { signal, isUpgrade: false })
  context.early.delete(request.socket)
  if (answer.type === 'hijack') {
    // Also when the client has left: what the handler holds for it is given back by its session.
    return runHijack(context, answer, {
      connection: takePlain(request, response, early),
      isUpgrade: false,
    })
  }
  if (response.destroyed) return
  for (const [name, value] of Object.entries(commonHeaders(context.options))) {
    response.setHeader(name, value)
  }
  await deliver(response, answer, context.log)
}

async function serveUpgrade(
  context: ServerContext,
  request: IncomingMessage,
  upgraded: { readonly stream: Duplex; readonly head: Uint8Array },
): Promise<void> {
  const connection = takeUpgraded(upgraded.stream, upgraded.head)
  const signal = AbortSignal.any([connection.signal, context.closing])
  const answer = await dispatch(context, request, { signal, isUpgrade: true })
  if (answer.type === 'hijack') return runHijack(context, answer, { connection, isUpgrade: true })
  await refuseUpgrade(context, answer, connection)
}

interface HijackTarget {
  readonly connection: TakenConnection
  readonly isUpgrade: boolean
}

async function runHijack(
  context: ServerContext,
  answer: HijackAnswer,
  { connection, isUpgrade }: HijackTarget,
): Promise<void> {
  const headers = { 'Content-Type': answer.contentType, ...commonHeaders(context.options) }
  if (isUpgrade) {
    connection.writeHead('HTTP/1.1 101 UPGRADED', {
      ...headers,
      Connection: 'Upgrade',
      Upgrade: 'tcp',
    })
  } else {
    connection.writeHead('HTTP/1.1 200 OK', headers)
  }
  try {
    const signal = AbortSignal.any([connection.signal, context.closing])
    await answer.run({ ...connection, signal })
  } finally {
    connection.finish()
  }
}

/** An upgrade whose handler refused gets a plain answer and the connection's end. */
async function refuseUpgrade(
  context: ServerContext,
  answer: Exclude<Answer, HijackAnswer>,
  connection: TakenConnection,
): Promise<void> {
  const status = 'status' in answer ? answer.status : 500
  const value = answer.type === 'json' ? answer.value : {}
  const body = status === 304 ? '' : `${JSON.stringify(value)}\n`
  connection.writeHead(`HTTP/1.1 ${status.toString()} ${STATUS_CODES[status] ?? ''}`, {
    ...commonHeaders(context.options),
    'Content-Type': contentTypes.json,
    'Content-Length': Buffer.byteLength(body).toString(),
    Connection: 'close',
  })
  if (body !== '' && !connection.signal.aborted) await connection.write(Buffer.from(body))
  connection.finish()
}

function isHijackRequest(context: ServerContext, request: IncomingMessage): boolean {
  const matched = findRoute(context, request.method ?? 'GET', parseTarget(request.url ?? '/'))
  return matched?.route.hijacks === true
}

interface ParserError extends Error {
  readonly rawPacket?: Uint8Array
  readonly bytesParsed?: number
}

function refuseClient(context: ServerContext, error: ParserError, stream: Duplex): void {
  const early = context.early.get(stream)
  if (early && error.rawPacket) {
    early.push(error.rawPacket.subarray(error.bytesParsed ?? 0))
    const held = early.reduce((sum, bytes) => sum + bytes.length, 0)
    if (held > maxEarlyBytes) stream.destroy()
    return
  }
  context.log.debug({ reason: error.message }, 'malformed request')
  if (stream.writable) stream.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  else stream.destroy()
}
