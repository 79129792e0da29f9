import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Command, CommandContext } from '#cli/command.ts'
import type { Connection } from '#cli/config/connection.ts'
import { errorOfConnection } from '#client/errors.ts'
import { parseHost } from '#client/host.ts'
import type { Endpoint } from '#client/host.ts'

/** Carries bytes between this process's stdio and the engine, half-close included (`ssh://` hosts). */
export const command: Command = {
  usage: '',
  args: { min: 0, max: 0 },
  declare: () => (_args, context) => relay(context),
}

async function relay({ connection }: CommandContext): Promise<number> {
  const endpoint = parseHost(connection.host)
  const socket = dial(connection, endpoint)
  return new Promise((resolve, reject) => {
    process.stdin.pipe(socket)
    socket.pipe(process.stdout, { end: false })
    socket.once('error', (error) => reject(errorOfConnection(error, endpoint)))
    socket.once('end', () => resolve(0))
  })
}

function dial({ tls }: Connection, endpoint: Endpoint): Socket {
  if (endpoint.type === 'unix') return connect({ path: endpoint.path, allowHalfOpen: true })
  const { hostname: host, port } = endpoint
  if (!tls) return connect({ host, port, allowHalfOpen: true })
  const { verifiesServer, ...pem } = tls
  return connectTls({ ...pem, host, port, rejectUnauthorized: verifiesServer })
}
