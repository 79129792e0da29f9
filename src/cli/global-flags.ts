import { EngineError } from '#base/errors.ts'
import type { ConnectionFlags } from '#cli/config/connection.ts'
import type { Flag, FlagSet } from '#cli/flags/flag-set.ts'

/** Flags before the command's name. */
export interface GlobalFlags {
  readonly config: Flag<string>
  readonly version: Flag<boolean>
  readonly logLevel: Flag<string>
  readonly connection: () => ConnectionFlags
}

export function declareGlobalFlags(flags: FlagSet): GlobalFlags {
  const config = flags.text('config', 'Location of client config files')
  const context = flags.text(
    'context',
    'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var)',
    { short: 'c' },
  )
  flags.bool('debug', 'Enable debug mode', { short: 'D' })
  const hosts = flags.list('host', 'Daemon socket to connect to', { short: 'H' })
  const logLevel = flags.text(
    'log-level',
    'Set the logging level ("debug", "info", "warn", "error", "fatal")',
    {
      short: 'l',
    },
  )
  const tls = flags.bool('tls', 'Use TLS; implied by --tlsverify')
  const tlsCaPath = flags.text('tlscacert', 'Trust certs signed only by this CA')
  const tlsCertPath = flags.text('tlscert', 'Path to TLS certificate file')
  const tlsKeyPath = flags.text('tlskey', 'Path to TLS key file')
  const tlsVerify = flags.bool('tlsverify', 'Use TLS and verify the remote')
  const version = flags.bool('version', 'Print version information and quit', { short: 'v' })
  return {
    config,
    version,
    logLevel,
    connection: () => ({
      hosts: hosts.value,
      context: context.value,
      tls: tls.value,
      tlsVerify: tlsVerify.value,
      tlsCaPath: tlsCaPath.value,
      tlsCertPath: tlsCertPath.value,
      tlsKeyPath: tlsKeyPath.value,
    }),
  }
}

const logLevels = new Set(['panic', 'fatal', 'error', 'warn', 'warning', 'info', 'debug', 'trace'])

/** @throws EngineError invalid_argument */
export function checkLogLevel(level: string): void {
  if (level === '' || logLevels.has(level.toLowerCase())) return
  throw new EngineError('invalid_argument', `Unable to parse logging level: ${level}`)
}
