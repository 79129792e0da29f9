import { readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type ServerOptions } from 'node:http'
import type { ListenOptions } from 'node:net'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { formatHostPort } from '#base/host-port.ts'
import type { Logger } from '#base/log.ts'
import type { EndpointConfig, TlsConfig } from '#daemon/config.ts'
import { type Endpoint, parseEndpoint } from '#daemon/endpoint.ts'
import { prepareSocketPath, protectSocket } from '#daemon/unix-socket.ts'

const plainPort = 2375
const tlsPort = 2376

export interface ListenersOptions {
  readonly config: EndpointConfig
  /** Descriptors that the service manager passed. */
  readonly inherited: readonly number[]
  readonly serverOptions: ServerOptions
  readonly serve: (server: Server) => void
  readonly log: Logger
}

export interface Listeners {
  /** Stops accepting, ends idle connections, and removes socket files. */
  close(): void
}

/**
 * Opens every address, or none: a failure closes those before it.
 * @throws EngineError
 */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { hosts, tls } = options.config
  const endpoints = hosts
    .map((host) => parseEndpoint(host, tls ? tlsPort : plainPort))
    .flatMap((endpoint) => expand(endpoint, options.inherited))
  for (const endpoint of endpoints) checkTcp(endpoint, options.config)
  const opened: (() => void)[] = []
  const close = () => opened.toReversed().forEach((closeOne) => closeOne())
  try {
    for (const endpoint of endpoints) opened.push(await openListener(endpoint, options))
  } catch (error) {
    close()
    throw error
  }
  return { close }
}

type OpenEndpoint = Endpoint & { readonly fd?: number | undefined }

function expand(endpoint: Endpoint, inherited: readonly number[]): readonly OpenEndpoint[] {
  if (endpoint.type !== 'inherited') return [endpoint]
  const fds = endpoint.fd === undefined ? inherited : inherited.filter((fd) => fd === endpoint.fd)
  if (fds.length === 0) {
    throw new EngineError('failed_precondition', 'no sockets found via socket activation', {
      hint: 'fd:// works when a service manager starts the engine',
    })
  }
  return fds.map((fd) => ({ type: 'inherited', fd }))
}

/** Whoever may connect is root on this machine: an open port needs a word of consent. */
function checkTcp(endpoint: Endpoint, { tls, allowInsecureTcp }: EndpointConfig): void {
  if (endpoint.type !== 'tcp' || tls?.verifiesClients === true || allowInsecureTcp) return
  throw new EngineError(
    'failed_precondition',
    `listen on ${formatEndpoint(endpoint)}: clients would not be verified, ` +
      'and whoever reaches the port is root on this machine',
    { hint: 'set --tlsverify with --tlscacert, --tlscert and --tlskey, or --allow-insecure-tcp' },
  )
}

async function openListener(
  endpoint: OpenEndpoint,
  options: ListenersOptions,
): Promise<() => void> {
  const { config, log } = options
  const isTls = endpoint.type === 'tcp' && config.tls !== undefined
  const server =
    isTls && config.tls
      ? await createTlsServer(config.tls, options.serverOptions)
      : createServer(options.serverOptions)
  options.serve(server)
  if (endpoint.type === 'unix') await prepareSocketPath(endpoint.path)
  await listen(server, endpoint)
  const close = () => {
    server.close()
    server.closeIdleConnections()
    if (endpoint.type === 'unix') rmSync(endpoint.path, { force: true })
  }
  try {
    if (endpoint.type === 'unix') protectSocket(endpoint.path, config, log)
  } catch (error) {
    close()
    throw error
  }
  log.info({ address: formatEndpoint(endpoint), tls: isTls }, 'API listen on')
  return close
}

/** A unix socket is born with the mode that it keeps: nobody connects in between. */
async function listen(server: Server, endpoint: OpenEndpoint): Promise<void> {
  const previousMask = process.umask(0o117)
  try {
    const listening = new Promise<void>((resolve, reject) => {
      server.once('listening', resolve)
      server.once('error', reject)
    })
    server.listen(toListenOptions(endpoint))
    process.umask(previousMask)
    await listening
  } catch (error) {
    const address = formatEndpoint(endpoint)
    const kind = errnoOf(error) === 'EADDRINUSE' ? 'conflict' : 'internal'
    throw new EngineError(kind, `listen on ${address}: ${errorMessage(error)}`, { cause: error })
  } finally {
    process.umask(previousMask)
  }
}

function toListenOptions(endpoint: OpenEndpoint): ListenOptions & { readonly fd?: number } {
  switch (endpoint.type) {
    case 'unix':
      return { path: endpoint.path }
    case 'tcp':
      return { host: endpoint.host, port: endpoint.port }
    case 'inherited':
      return { fd: endpoint.fd ?? 3 }
  }
}

function formatEndpoint(endpoint: OpenEndpoint): string {
  switch (endpoint.type) {
    case 'unix':
      return `unix://${endpoint.path}`
    case 'tcp':
      return `tcp://${formatHostPort(endpoint.host, endpoint.port)}`
    case 'inherited':
      return `fd://${(endpoint.fd ?? 3).toString()}`
  }
}

async function createTlsServer(tls: TlsConfig, options: ServerOptions): Promise<Server> {
  const https = await import('node:https')
  const tlsOptions = {
    ...options,
    cert: readPem(tls.certPath),
    key: readPem(tls.keyPath),
    minVersion: 'TLSv1.2' as const,
    allowHalfOpen: true,
    ...(tls.verifiesClients
      ? { ca: readPem(tls.caPath), requestCert: true, rejectUnauthorized: true }
      : {}),
  }
  return https.createServer(tlsOptions)
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new EngineError(
      'invalid_argument',
      `could not read TLS file "${path}": ${errorMessage(error)}`,
      { cause: error },
    )
  }
}
