import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
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
import type { CreateVolumeOptions, Volume, VolumeEvent, Volumes, VolumeUse } from '#volume/types.ts'

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

/** Opens the volume service; removals and fills that a crash cut short are ended. */
export async function openVolumes(deps: VolumesDeps): Promise<Volumes> {
  // 0701: containers' users pass through to the volumes they were given, nobody can list.
  await mkdir(deps.root, { recursive: true, mode: 0o701 })
  const records = openVolumeRecords(deps.db)
  await endRemovals(deps.root, records)
  const loaded = records.load().map((record) => toVolume(deps.root, record))
  for (const { mountpoint } of loaded) {
    if (!existsSync(mountpoint)) await makeDirectories(mountpoint)
  }
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
    attach: async (name, use) => attach(state, get(state, name), use),
    detach: (name, containerId) => {
      if (!volumes.has(name)) return
      const attributes = { container: containerId, driver: 'local' }
      deps.onEvent({ action: 'unmount', name, attributes })
    },
  }
}

function get(state: State, name: string): Volume {
  const volume = state.volumes.get(name)
  if (!volume) throw new EngineError('not_found', `get ${name}: no such volume`)
  return volume
}

function attach(state: State, volume: Volume, use: VolumeUse): void {
  attachLocalMount(volume)
  state.onEvent({
    action: 'mount',
    name: volume.name,
    attributes: {
      container: use.containerId,
      destination: use.target,
      driver: 'local',
      propagation: '',
      'read/write': String(use.isWritable),
    },
  })
}

async function create(state: State, name: string, options: CreateVolumeOptions): Promise<Volume> {
  const existing = state.volumes.get(name)
  if (existing) return existing
  checkVolumeName(name)
  checkLocalOptions(options.options ?? {})
  await using undo = new AsyncDisposableStack()
  const record: VolumeRecord = {
    name,
    createdAt: now(),
    labels: options.labels ?? {},
    options: options.options ?? {},
    isAnonymous: options.name === undefined || options.isAnonymous === true,
  }
  const volume = toVolume(state.root, record)
  undo.defer(undoing(state.log, 'remove volume', async () => discard(state, name)))
  state.records.insert(record)
  await makeDirectories(volume.mountpoint)
  undo.move()
  state.volumes.set(name, volume)
  state.onEvent({ action: 'create', name, attributes: { driver: 'local' } })
  return volume
}

async function remove(state: State, name: string, usedBy: readonly string[]): Promise<void> {
  const volume = get(state, name)
  if (usedBy.length > 0) {
    throw new EngineError('conflict', `remove ${name}: volume is in use - [${usedBy.join(', ')}]`)
  }
  detachLocalMount(volume)
  state.volumes.delete(name)
  await discard(state, name)
  state.onEvent({ action: 'destroy', name, attributes: { driver: 'local' } })
}

/** No volume is called so: names begin with a letter or a digit. */
const removedName = '.removed'

/**
 * The directory is set aside first: whoever makes a volume of that name next gets a directory of
 * its own, and an engine that dies in between leaves what `endRemovals` understands.
 */
async function discard(state: State, name: string): Promise<void> {
  const directory = join(state.root, name)
  const aside = join(state.root, removedName, randomId())
  if (existsSync(directory)) {
    mkdirSync(aside, { recursive: true, mode: 0o700 })
    renameSync(directory, join(aside, name))
  }
  state.records.delete(name)
  await rm(aside, { recursive: true, force: true })
}

async function endRemovals(root: string, records: VolumeRecords): Promise<void> {
  const removed = join(root, removedName)
  if (!existsSync(removed)) return
  for (const aside of await readdir(removed)) {
    for (const name of await readdir(join(removed, aside))) {
      if (!existsSync(join(root, name))) records.delete(name)
    }
  }
  await rm(removed, { recursive: true, force: true })
}

async function makeDirectories(mountpoint: string): Promise<void> {
  await mkdir(dirname(mountpoint), { recursive: true, mode: 0o701 })
  await mkdir(mountpoint, { recursive: true, mode: 0o755 })
}

function toVolume(root: string, record: VolumeRecord): Volume {
  return { ...record, driver: 'local', mountpoint: join(root, record.name, '_data') }
}
