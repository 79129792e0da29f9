import { filtersQuery, segment } from '#client/calls.ts'
import type { Calls, ListOptions } from '#client/calls.ts'
import { parseJson } from '#client/json.ts'
import type { NetworkInspect } from '#wire/networks.ts'

export interface NetworksClient {
  list(options?: ListOptions): Promise<readonly NetworkInspect[]>
  inspect(name: string): Promise<NetworkInspect>
  /** The inspect body as the engine sent it. */
  inspectText(name: string): Promise<string>
}

export function networksOver(calls: Calls): NetworksClient {
  const inspectText = (name: string) =>
    calls.text({ method: 'GET', path: `/networks/${segment(name)}` })
  return {
    list: ({ filters } = {}) =>
      calls.json({ method: 'GET', path: '/networks', query: { filters: filtersQuery(filters) } }),
    inspect: async (name) => parseJson(await inspectText(name)),
    inspectText,
  }
}
