/** A socket in front of an engine's that counts what clients send. */
import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'

export interface SocketMeter extends AsyncDisposable {
  readonly path: string
  /** Bytes from clients since the last call. */
  take(): number
}

export async function meterSocket(target: string): Promise<SocketMeter> {
  const path = `${target}.meter`
  const open = new Set<Socket>()
  let bytes = 0
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: target, allowHalfOpen: true })
    client.on('data', (chunk: Buffer) => (bytes += chunk.length))
    for (const socket of [client, engine]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => open.delete(socket))
    }
    client.once('close', () => engine.destroy())
    engine.once('close', () => client.destroy())
    client.pipe(engine)
    engine.pipe(client)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    path,
    take() {
      const taken = bytes
      bytes = 0
      return taken
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      server.close()
      rmSync(path, { force: true })
    },
  }
}
