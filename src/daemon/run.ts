import { mkdirSync } from 'node:fs'
import { errorMessage } from '#base/errors.ts'
import { undoing } from '#base/undo.ts'
import { createApiServer } from '#api/server.ts'
import { openEngine } from '#engine/open.ts'
import type { DaemonConfig } from '#daemon/config.ts'
import { inheritedFds } from '#daemon/endpoint.ts'
import { openListeners } from '#daemon/listeners.ts'
import { createLogger, type DaemonLogger, stderrSink } from '#daemon/log.ts'
import { notifyServiceManager } from '#daemon/notify.ts'
import { writePidfile } from '#daemon/pidfile.ts'
import { watchReload } from '#daemon/reload.ts'
import { stopSignal } from '#daemon/signals.ts'
import { productVersion } from '#wire/versions.ts'

/**
 * Runs until SIGTERM or SIGINT. The end goes backwards: no new connections, streams and
 * answers in flight, containers and stores, socket and pid files.
 */
export async function runDaemon(config: DaemonConfig): Promise<void> {
  const log = createLogger(stderrSink(), config.logLevel)
  const startedAt = performance.now()
  reportUncaught(log)
  const stop = stopSignal(log)
  await using stack = new AsyncDisposableStack()
  stack.use(writePidfile(config.pidfile))
  mkdirSync(config.engine.execRoot, { recursive: true, mode: 0o711 })
  await serve(config, log, stack)
  const startMs = Math.round(performance.now() - startedAt)
  log.info({ version: productVersion, pid: process.pid, startMs }, 'engine is ready')
  const notifySocket = process.env['NOTIFY_SOCKET']
  notifyServiceManager(notifySocket, 'READY=1', log)
  const signal = await stop
  notifyServiceManager(notifySocket, 'STOPPING=1', log)
  log.info({ signal }, 'engine stops')
}

async function serve(
  config: DaemonConfig,
  log: DaemonLogger,
  stack: AsyncDisposableStack,
): Promise<void> {
  const engine = await openEngine(config.engine, log)
  stack.defer(
    undoing(log, 'close engine', async () => {
      await engine[Symbol.asyncDispose]()
    }),
  )
  const api = createApiServer(engine, {
    engineVersion: productVersion,
    minApiVersion: config.endpoints.minApiVersion,
    isDebug: config.logLevel === 'debug',
  })
  stack.defer(undoing(log, 'end API streams', () => api.close()))
  const listeners = await openListeners({
    config: config.endpoints,
    inherited: inheritedFds(process.env, process.pid),
    serverOptions: api.serverOptions,
    serve: (server) => api.serve(server),
    log,
  })
  stack.defer(undoing(log, 'close listeners', () => listeners.close()))
  const reload = watchReload({ config, log, events: engine.events })
  stack.use(reload)
}

/** What nobody caught is a bug: said loudly, and the engine goes on for its containers' sake. */
function reportUncaught(log: DaemonLogger): void {
  process.on('unhandledRejection', (reason) => {
    log.error({ reason: errorMessage(reason), err: reason }, 'unhandled rejection')
  })
}
