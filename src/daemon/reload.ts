import { errorMessage } from '#base/errors.ts'
import type { Events } from '#engine/types.ts'
import { type DaemonConfig, readCommandLine } from '#daemon/config.ts'
import type { DaemonLogger } from '#daemon/log.ts'

export interface ReloadOptions {
  readonly config: DaemonConfig
  readonly log: DaemonLogger
  readonly events: Events
}

/** On SIGHUP the file is read again. The log level changes; anything else waits for a restart, and is named. */
export function watchReload(options: ReloadOptions): Disposable {
  const reload = () => reloadConfig(options, process.argv.slice(2))
  process.on('SIGHUP', reload)
  return { [Symbol.dispose]: () => process.off('SIGHUP', reload) }
}

/** A file that does not hold up leaves everything as it was. */
export function reloadConfig(options: ReloadOptions, args: readonly string[]): void {
  const { config, log, events } = options
  try {
    const command = readCommandLine(args)
    if (command.type !== 'run') return
    log.setLevel(command.config.logLevel)
    const waiting = changedParts(config, command.config)
    if (waiting.length > 0) {
      log.warn({ waiting }, 'configuration reloaded; these changes need a restart')
    } else log.info({ logLevel: command.config.logLevel }, 'configuration reloaded')
    events.publish({
      type: 'daemon',
      action: 'reload',
      actorId: '',
      attributes: { 'log-level': command.config.logLevel },
    })
  } catch (error) {
    log.error({ reason: errorMessage(error) }, 'configuration not reloaded')
  }
}

function changedParts(before: DaemonConfig, after: DaemonConfig): readonly string[] {
  const old = new Map(Object.entries({ ...before.engine, ...before.endpoints }))
  return Object.entries({ ...after.engine, ...after.endpoints })
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(old.get(key)))
    .map(([key]) => key)
}
