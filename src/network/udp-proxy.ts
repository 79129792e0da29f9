/** Carries UDP datagrams from a bound host port into a container and back: for IPv6 host addresses. */
import { createSocket, type Socket } from 'node:dgram'
import type { ProxyTarget } from '#network/tcp-proxy.ts'
import type { HeldPort } from '#sys/reserve.ts'

/** A client that was silent this long gets a new source port, as with Docker's proxy. */
const idleMs = 90_000
/** Clients at once; beyond, the longest silent one is dropped. */
const maxFlows = 1024

/** Takes the held port over; it is released when the proxy is disposed. */
export function startUdpProxy(held: HeldPort, target: ProxyTarget): AsyncDisposable {
  const server = createSocket('udp6')
  // Least recently used first: Map keeps insertion order.
  const flows = new Map<string, Flow>()
  const drop = (key: string) => {
    flows.get(key)?.close()
    flows.delete(key)
  }

  server.on('error', () => undefined)
  server.on('message', (datagram, client) => {
    const key = `${client.address} ${client.port}`
    const flow =
      flows.get(key) ??
      openFlow(
        target,
        () => drop(key),
        (answer) => {
          server.send(answer, client.port, client.address, () => undefined)
        },
      )
    flows.delete(key)
    flows.set(key, flow)
    flow.send(datagram)
    const [oldest] = flows.keys()
    if (flows.size > maxFlows && oldest !== undefined) drop(oldest)
  })
  server.bind({ fd: held.fd })

  return {
    async [Symbol.asyncDispose]() {
      for (const key of flows.keys()) drop(key)
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

interface Flow {
  send(datagram: Buffer): void
  close(): void
}

function openFlow(
  target: ProxyTarget,
  onIdle: () => void,
  onAnswer: (datagram: Buffer) => void,
): Flow {
  const socket: Socket = createSocket('udp4')
  const timer = setTimeout(onIdle, idleMs).unref()
  socket.on('error', () => undefined)
  socket.on('message', (datagram) => {
    timer.refresh()
    onAnswer(datagram)
  })
  return {
    send(datagram) {
      timer.refresh()
      socket.send(datagram, target.port, target.address, () => undefined)
    },
    close() {
      clearTimeout(timer)
      socket.close()
    },
  }
}
