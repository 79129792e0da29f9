import { filtersQuery, segment } from '#client/calls.ts'
import type { Calls, ListOptions } from '#client/calls.ts'
import { parseJson } from '#client/json.ts'
import type { VolumeBody, VolumeCreateBody, VolumeListResponse } from '#wire/volumes.ts'

export interface VolumesClient {
  list(options?: ListOptions): Promise<VolumeListResponse>
  create(body: VolumeCreateBody): Promise<VolumeBody>
  inspect(name: string): Promise<VolumeBody>
  /** The inspect body as the engine sent it. */
  inspectText(name: string): Promise<string>
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>
}

export function volumesOver(calls: Calls): VolumesClient {
  const inspectText = (name: string) =>
    calls.text({ method: 'GET', path: `/volumes/${segment(name)}` })
  return {
    list: ({ filters } = {}) =>
      calls.json({ method: 'GET', path: '/volumes', query: { filters: filtersQuery(filters) } }),
    create: (body) => calls.json({ method: 'POST', path: '/volumes/create', body }),
    inspect: async (name) => parseJson(await inspectText(name)),
    inspectText,
    remove: (name, { force } = {}) =>
      calls.done({ method: 'DELETE', path: `/volumes/${segment(name)}`, query: { force } }),
  }
}
