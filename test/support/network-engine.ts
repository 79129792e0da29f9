/**
 * A program that is an engine's network part, to be killed: makes the sandboxes given as JSON
 * (container id → ports), prints their endpoints as JSON, then waits for its end.
 * Usage: network-engine.ts ROOT '{"web": [...]}'
 */
import { silentLogger } from '#base/log.ts'
import { openNetworks } from '#network/open.ts'
import type { Endpoint, PortRequest } from '#network/types.ts'
import { openMetadataDb } from '#store/database.ts'
import { testNetworksOptions } from '#test/support/network-machine.ts'

const [root = '', wanted = '{}'] = process.argv.slice(2)
const ports: Record<string, PortRequest[]> = JSON.parse(wanted)
const networks = await openNetworks(testNetworksOptions(root), {
  db: openMetadataDb({ root, log: silentLogger }),
  log: silentLogger,
  onEvent: () => undefined,
})
const endpoints: Record<string, Endpoint> = {}
for (const [containerId, requests] of Object.entries(ports)) {
  const sandbox = await networks.createSandbox(containerId)
  const options = { network: 'bridge', aliases: [], ports: requests }
  endpoints[containerId] = await networks.connect(sandbox, options)
}
console.log(JSON.stringify(endpoints))
setInterval(() => undefined, 60_000)
