import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { SshForward } from '#build/types.ts'
import type { EnginePeer, SessionInbox } from '#api/build/inbox.ts'

export interface SshPlace {
  readonly peer: EnginePeer
  readonly inbox: SessionInbox
  /** Sockets are made below it: short, since a socket's path is bounded. */
  readonly directory: string
}

/** A socket in the engine's reach whose connections end at an agent of the client. */
export function createSshForward(id: string, { peer, inbox, directory }: SshPlace): SshForward {
  return async () => {
    const place = await mkdtemp(join(directory, 'ssh-'))
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => sockets.delete(socket))
      const channel = peer.open()
      void inbox.sshFailed(channel.number).then(
        () => socket.destroy(),
        () => socket.destroy(),
      )
      const forward = async () => {
        await peer.send({ type: 'ssh', id, channel: channel.number })
        await Promise.all([
          pump(socket, channel),
          (async () => {
            for await (const chunk of channel.input) socket.write(chunk)
            socket.end()
          })(),
        ])
      }
      forward().catch(() => socket.destroy())
    })
    const socketPath = join(place, 'agent.sock')
    server.listen(socketPath)
    await once(server, 'listening')
    await chmod(socketPath, 0o600)
    return {
      socketPath,
      async [Symbol.asyncDispose]() {
        server.close()
        for (const socket of sockets) socket.destroy()
        await rm(place, { recursive: true, force: true })
      },
    }
  }
}

async function pump(
  socket: Socket,
  channel: { write(chunk: Uint8Array): Promise<void>; end(): Promise<void> },
): Promise<void> {
  const chunks: AsyncIterable<Uint8Array> = socket
  for await (const chunk of chunks) await channel.write(chunk)
  await channel.end()
}
