import { mkdirSync } from 'node:fs'
import { runOk } from '#test/support/commands.ts'
import { startDocker } from '#bench/peers/docker.ts'
import { startGantry } from '#bench/peers/gantry.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { startPodman } from '#bench/peers/podman.ts'

interface PeerChoice {
  /** All without a name. */
  readonly wanted: readonly string[]
  readonly dockerd: string
}

/** Starts every peer that this machine has, or those in `wanted`. */
export async function startPeers(root: string, { wanted, dockerd }: PeerChoice): Promise<Peer[]> {
  const starters = {
    gantry: startGantry,
    docker: (folder: string) => startDocker(folder, dockerd),
    podman: startPodman,
  }
  const peers: Peer[] = []
  for (const [name, start] of Object.entries(starters)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const folder = `${root}/${name}`
    mkdirSync(`${folder}/run`, { recursive: true })
    // What ends with the machine lies in memory for each of them, as /run does everywhere.
    await runOk('mount', ['-t', 'tmpfs', 'tmpfs', `${folder}/run`])
    const peer = await start(folder)
    if (peer) peers.push(peer)
    else process.stdout.write(`${name} is not installed and left out (make bench-peers)\n`)
  }
  return peers
}
