import { EngineError } from '#base/errors.ts'
import type { Volume } from '#volume/types.ts'
import { type Answer, empty, json } from '#api/answer.ts'
import { requireJsonBody } from '#api/body.ts'
import { type Call, pathParam, queryBool } from '#api/call.ts'
import { matchesLabels } from '#api/filters/labels.ts'
import { toVolumeBody } from '#api/mapping/volume.ts'
import { volumeUsers } from '#api/usage.ts'
import { parseQueryBool } from '#wire/bool.ts'
import { parseFilters } from '#wire/filters.ts'
import { VolumeCreateBody, type VolumeListResponse } from '#wire/volumes.ts'

const filterKeys = ['dangling', 'driver', 'label', 'name']

export function listVolumes(call: Call): Answer {
  const filters = parseFilters(call.query.get('filters'), filterKeys)
  const users = volumeUsers(call.engine.containers.list())
  const matches = (volume: Volume) =>
    Object.entries(filters).every(([key, values]) => matchesKey({ volume, users }, key, values))
  const volumes = call.engine.volumes.list().filter(matches)
  return json({
    Volumes: volumes.map(toVolumeBody),
    Warnings: null,
  } satisfies VolumeListResponse)
}

interface VolumeUse {
  readonly volume: Volume
  readonly users: ReadonlyMap<string, readonly string[]>
}

function matchesKey(use: VolumeUse, key: string, values: readonly string[]): boolean {
  const { volume, users } = use
  switch (key) {
    case 'name':
      return values.some((value) => volume.name.includes(value))
    case 'driver':
      return values.includes(volume.driver)
    case 'label':
      return matchesLabels(volume.labels, values)
    case 'dangling':
      return values.some((value) => parseQueryBool(value) === !users.has(volume.name))
    default:
      return true
  }
}

export async function createVolume(call: Call): Promise<Answer> {
  const body = await requireJsonBody(call.request, VolumeCreateBody)
  const driver = body.Driver || 'local'
  if (driver !== 'local') {
    throw new EngineError(
      'not_found',
      `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
    )
  }
  const volume = await call.engine.volumes.create({
    ...(body.Name ? { name: body.Name } : {}),
    labels: body.Labels ?? {},
    options: body.DriverOpts ?? {},
  })
  return json(toVolumeBody(volume), 201)
}

export function inspectVolume(call: Call): Answer {
  return json(toVolumeBody(call.engine.volumes.get(pathParam(call, 'name'))))
}

/** With `force` a volume that is not there counts as removed. */
export async function removeVolume(call: Call): Promise<Answer> {
  const { volumes, containers } = call.engine
  const name = pathParam(call, 'name')
  if (queryBool(call, 'force') && !volumes.find(name)) return empty(204)
  const usedBy = volumeUsers(containers.list()).get(name) ?? []
  await volumes.remove(name, usedBy)
  return empty(204)
}
