import { EngineError } from '#base/errors.ts'
import { chooseConnection } from '#cli/config/connection.ts'
import type { Connection, ConnectionFlags } from '#cli/config/connection.ts'
import type { Settings } from '#cli/config/settings.ts'
import type { Output } from '#cli/output.ts'
import { openClient } from '#client/client.ts'
import type { Client } from '#client/client.ts'
import { version } from '#cli/product.ts'

/** A client for the engine that flags, environment and configuration choose, made at first use. */
export function lazyClient(
  flags: ConnectionFlags,
  settings: Settings,
  output: Output,
): { client(): Client; connection(): Connection } {
  let chosen: Connection | undefined
  let client: Client | undefined
  const connection = () => (chosen ??= chooseConnection(flags, settings))
  return {
    connection,
    client: () => (client ??= openFor(connection(), settings, output)),
  }
}

function openFor(connection: Connection, settings: Settings, output: Output): Client {
  const { host, tls, isDefault } = connection
  return openClient({
    host,
    tls,
    apiVersion: settings.variables['DOCKER_API_VERSION'] || undefined,
    headers: { 'User-Agent': `Gantry-Client/${version} (linux)`, ...settings.file.HttpHeaders },
    locate: host.startsWith('ssh://')
      ? async () => (await import('#cli/ssh.ts')).openSshTunnel(host)
      : undefined,
    whenUnreachable: async () => {
      if (!isDefault) return false
      if (process.getuid?.() !== 0) {
        const message = `Cannot connect to the Gantry daemon at ${host}. Is the gantryd daemon running?`
        const hint = 'start it once as root: sudo gantry info'
        throw new EngineError('unavailable', message, { hint })
      }
      const { startEngine } = await import('#cli/auto-start.ts')
      await startEngine(host, output)
      return true
    },
  })
}
