/** Carries TCP connections from a bound host port into a container: for IPv6 host addresses. */
import { connect, createServer, type Socket } from 'node:net'
import type { HeldPort } from '#sys/reserve.ts'

export interface ProxyTarget {
  readonly address: string
  readonly port: number
}

/** Takes the held port over; it is released when the proxy is disposed. */
export function startTcpProxy(held: HeldPort, target: ProxyTarget): AsyncDisposable {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({
      host: target.address,
      port: target.port,
      allowHalfOpen: true,
      noDelay: true,
    })
    join(client, upstream)
    join(upstream, client)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
  })
  // The port is bound and listening already, so that adopting it cannot fail for the user's reasons.
  server.on('error', () => undefined)
  server.listen({ fd: held.fd })
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** One direction, with half-close: the end of one stream ends the other, a failure ends both. */
function join(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('error', () => to.destroy())
  from.once('close', () => {
    if (!from.readableEnded) to.destroy()
  })
}
