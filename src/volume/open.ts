import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createSingleFlight } from '#base/async.ts'
import { now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import type { Logger } from '#base/log.ts'
import { undoing } from '#base/undo.ts'
import type { MetadataDb } from '#store/types.ts'
import { checkLocalOptions } from '#volume/local-options.ts'
import { attachLocalMount, detachLocalMount } from '#volume/local-mount.ts'
import { checkVolumeName } from '#volume/names.ts'
import { copyUp, dropPartialCopies } from '#volume/populate.ts'
import { openVolumeRecords, type VolumeRecord, type VolumeRecords } from '#volume/records.ts'
import type { CreateVolumeOptions, Volume, VolumeEvent, Volumes } from '#volume/types.ts'

export interface VolumesDeps {
  /** `<data root>/volumes`. */
  readonly root: string
  readonly db: MetadataDb
  readonly log: Logger
  readonly onEvent: (event: VolumeEvent) => void
}

interface State extends VolumesDeps {
  readonly records: VolumeRecords
  readonly volumes: Map<string, Volume>
}

/** Opens the volume service; fills that a crash cut short are emptied, to be made again. */
export async function openVolumes(deps: VolumesDeps): Promise<Volumes> {
  // 0701: containers' users pass through to the volumes they were given, nobody can list.
  await mkdir(deps.root, { recursive: true, mode: 0o701 })
  const records = openVolumeRecords(deps.db)
  const loaded = records.load().map((record) => toVolume(deps.root, record))
  const volumes = new Map(loaded.map((volume) => [volume.name, volume]))
  const state: State = { ...deps, records, volumes }
  await dropPartialCopies(deps.root, [...volumes.values()])
  const creations = createSingleFlight<Volume>()

  return {
    create: (options) => {
      const name = options.name ?? randomId()
      return creations(name, () => create(state, name, options))
    },
    get: (name) => get(state, name),
    find: (name) => volumes.get(name),
    list: () => [...volumes.values()],
    remove: (name, usedBy) => remove(state, name, usedBy),
    populate: (name, source) => copyUp(deps.root, get(state, name), source),
    attach: async (name) => attachLocalMount(get(state, name)),
  }
}

function get(state: State, name: string): Volume {
  const volume = state.volumes.get(name)
  if (!volume) throw new EngineError('not_found', `get ${name}: no such volume`)
  return volume
}

async function create(state: State, name: string, options: CreateVolumeOptions): Promise<Volume> {
  const existing = state.volumes.get(name)
  if (existing) return existing
  checkVolumeName(name)
  checkLocalOptions(options.options ?? {})
  await using undo = new AsyncDisposableStack()
  const directory = join(state.root, name)
  undo.defer(
    undoing(state.log, 'remove volume directory', () =>
      rm(directory, { recursive: true, force: true }),
    ),
  )
  await mkdir(directory, { recursive: true, mode: 0o701 })
  await mkdir(join(directory, '_data'), { recursive: true, mode: 0o755 })
  const record: VolumeRecord = {
    name,
    createdAt: now(),
    labels: options.labels ?? {},
    options: options.options ?? {},
    isAnonymous: options.name === undefined || options.isAnonymous === true,
  }
  state.records.insert(record)
  undo.move()
  const volume = toVolume(state.root, record)
  state.volumes.set(name, volume)
  state.onEvent({ action: 'create', name, attributes: { driver: 'local' } })
  return volume
}

/** The record goes first: a directory without a record is no volume, and `create` takes it over. */
async function remove(state: State, name: string, usedBy: readonly string[]): Promise<void> {
  const volume = get(state, name)
  if (usedBy.length > 0) {
    throw new EngineError('conflict', `remove ${name}: volume is in use - [${usedBy.join(', ')}]`)
  }
  detachLocalMount(volume)
  state.records.delete(name)
  state.volumes.delete(name)
  await rm(join(state.root, name), { recursive: true, force: true })
  state.onEvent({ action: 'destroy', name, attributes: { driver: 'local' } })
}

function toVolume(root: string, record: VolumeRecord): Volume {
  return { ...record, driver: 'local', mountpoint: join(root, record.name, '_data') }
}
