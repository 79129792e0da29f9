import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import type { PortMap } from '#wire/endpoints.ts'
import type { Static } from '#wire/schema.ts'

export const command: Command = {
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  args: { min: 1, max: 2 },
  completes: 'running',
  declare:
    () =>
    async ([id = '', port], { client, output }) => {
      const { NetworkSettings } = await client.containers.inspect(id)
      const ports = NetworkSettings.Ports
      if (port === undefined) {
        output.write(allPorts(ports))
        return 0
      }
      const lines = addressesOf(ports, port.includes('/') ? port : `${port}/tcp`)
      if (lines.length === 0) {
        throw new EngineError('not_found', `Error: No public port '${port}' published for ${id}`)
      }
      output.write(lines.map((line) => `${line}\n`).join(''))
      return 0
    },
}

type Ports = Static<typeof PortMap>

function allPorts(ports: Ports): string {
  return Object.keys(ports)
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .flatMap((port) => addressesOf(ports, port).map((address) => `${port} -> ${address}\n`))
    .join('')
}

function addressesOf(ports: Ports, port: string): string[] {
  return (ports[port] ?? []).map(({ HostIp = '', HostPort = '' }) =>
    HostIp.includes(':') ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`,
  )
}
