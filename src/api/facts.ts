import type { Engine } from '#engine/types.ts'
import type { SummaryFacts } from '#api/mapping/container-summary.ts'
import type { FindNetworkId } from '#api/mapping/endpoints.ts'

/** Looks a network's id up by its exact name; undefined when there is none. */
export function networkIdFinder(engine: Pick<Engine, 'networks'>): FindNetworkId {
  return (name) => engine.networks.list().find((network) => network.name === name)?.id
}

/** What list rows say beside the record. */
export function summaryFacts(engine: Pick<Engine, 'networks' | 'containers'>): SummaryFacts {
  return {
    findNetworkId: networkIdFinder(engine),
    findHealth: (id) => engine.containers.details(id).health,
  }
}
