import type { NetworkRecord } from '#network/types.ts'
import { type Answer, json } from '#api/answer.ts'
import { type Call, pathParam } from '#api/call.ts'
import { matchesLabels } from '#api/filters/labels.ts'
import { toNetworkInspect } from '#api/mapping/network.ts'
import { parseQueryBool } from '#wire/bool.ts'
import { type Filters, parseFilters } from '#wire/filters.ts'

const filterKeys = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']
const predefined = new Set(['bridge', 'host', 'none'])

export function listNetworks(call: Call): Answer {
  const filters = parseFilters(call.query.get('filters'), filterKeys)
  const networks = call.engine.networks.list().filter((network) => matches(call, network, filters))
  return json(networks.map((network) => toNetworkInspect(network)))
}

export function inspectNetwork(call: Call): Answer {
  const { networks, containers } = call.engine
  const network = networks.get(pathParam(call, 'id'))
  const names = new Map(containers.list().map(({ id, name }) => [id, name]))
  return json(
    toNetworkInspect(network, {
      endpoints: networks.endpoints(network.id),
      containerName: (containerId) => names.get(containerId) ?? '',
    }),
  )
}

function matches(call: Call, network: NetworkRecord, filters: Filters): boolean {
  return Object.entries(filters).every(([key, values]) => {
    switch (key) {
      case 'driver':
        return values.includes(network.driver === 'none' ? 'null' : network.driver)
      case 'id':
        return values.some((value) => network.id.startsWith(value))
      case 'name':
        return values.some((value) => network.name.includes(value))
      case 'label':
        return matchesLabels(network.labels, values)
      case 'scope':
        return values.includes('local')
      case 'type':
        return values.includes(predefined.has(network.name) ? 'builtin' : 'custom')
      case 'dangling':
        return values.some((value) => parseQueryBool(value) === isDangling(call, network))
      default:
        return true
    }
  })
}

function isDangling(call: Call, network: NetworkRecord): boolean {
  const isBuiltIn = predefined.has(network.name)
  return !isBuiltIn && call.engine.networks.endpoints(network.id).size === 0
}
