import { Agent, request } from 'node:http'
import { measureRounds, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { benchImage } from '#bench/images.ts'
import { command, removeContainers } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'

const connections = 8
const requests = 1000
const rounds = 3

/** Requests per second over eight kept connections, with ten containers in the list. */
export async function apiFigures(peers: readonly Peer[]): Promise<Figure[]> {
  for (const peer of peers) {
    for (let index = 0; index < 10; index++) {
      await command(peer, ['create', '--name', `listed-${index}`, benchImage, 'true'])
    }
  }
  const figures: Figure[] = []
  for (const [name, path] of Object.entries(paths)) {
    const measure = (peer: Peer) => requestsPerSecond(peer, path)
    figures.push(await measureRounds(peers, { name, unit: 'requests/s', rounds, measure }))
  }
  await Promise.all(peers.map(removeContainers))
  return figures
}

const paths = {
  'API ping': '/_ping',
  'API list of 10 containers': '/v1.40/containers/json?all=1',
  'API inspect': '/v1.40/containers/listed-0/json',
}

async function requestsPerSecond(peer: Peer, path: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let sent = 0
  const lane = async () => {
    while (sent++ < requests) await get(peer.socketPath, path, agent)
  }
  const elapsedMs = await timed(() => Promise.all(Array.from({ length: connections }, lane)))
  agent.destroy()
  return requests / (elapsedMs / 1000)
}

function get(socketPath: string, path: string, agent: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const outgoing = request({ socketPath, path, agent }, (reply) => {
    reply.resume()
    reply.once('error', reject)
    reply.once('end', () => {
      if (reply.statusCode === 200) resolve()
      else reject(new Error(`${path}: status ${reply.statusCode}`))
    })
  })
  outgoing.once('error', reject)
  outgoing.end()
  return promise
}
