import { connect } from 'node:net'
import { EngineError } from '#base/errors.ts'
import type { Variables } from '#cli/config/settings.ts'
import type { PeerChannel } from '#wire/build-peer.ts'

/** `--ssh default|id[=socket]` → the agent's socket by id. @throws EngineError */
export function readSshAgents(
  flags: readonly string[],
  variables: Variables,
): ReadonlyMap<string, string> {
  return new Map(
    flags.map((flag) => {
      const equals = flag.indexOf('=')
      const id = equals === -1 ? flag : flag.slice(0, equals)
      const socket = equals === -1 ? variables['SSH_AUTH_SOCK'] : flag.slice(equals + 1)
      if (socket !== undefined && socket !== '') return [id || 'default', socket]
      const message = `invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`
      throw new EngineError('invalid_argument', message)
    }),
  )
}

/** Joins one connection of a step to the agent. @throws when the agent cannot be reached */
export async function forwardToAgent(socketPath: string, channel: PeerChannel): Promise<void> {
  const socket = connect(socketPath)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('connect', resolve)
  socket.once('error', reject)
  await promise
  const toAgent = async () => {
    for await (const chunk of channel.input) socket.write(chunk)
    socket.end()
  }
  // Over when the agent hangs up: a step that goes first makes it do so.
  toAgent().catch(() => socket.destroy())
  const chunks: AsyncIterable<Uint8Array> = socket
  for await (const chunk of chunks) await channel.write(chunk)
  await channel.end()
}
