/** The machine below the containers, in memory: for unit tests of the transitions. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { branded } from '#base/brand.ts'
import { now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import { silentLogger } from '#base/log.ts'
import type { ContainersDeps, RootfsMounts } from '#container/context.ts'
import { openContainers, type ContainerService } from '#container/open.ts'
import { type ManualScheduler, manualScheduler } from '#container/testing/scheduler.ts'
import type { ContainerEvent } from '#container/types.ts'
import type { Image } from '#image/types.ts'
import type { Endpoint } from '#network/types.ts'
import { digestOf, type ChainId } from '#oci/digest.ts'
import type { CreateTaskOptions, Task, TaskExit, TaskStdio } from '#runtime/types.ts'
import { openMetadataDb } from '#store/database.ts'
import type { MetadataDb, Mount, SnapshotKey } from '#store/types.ts'
import { openVolumes } from '#volume/open.ts'

export interface FakeTask extends Task {
  readonly options: CreateTaskOptions
  readonly log: string[]
  /** Ends the task. */
  exit(code: number, facts?: Partial<TaskExit>): void
}

/** Steps that a test makes fail: `prepare`, `mount`, `sandbox`, `connect`, `create`, `start`, `snapshot`. */
export type FaultName =
  | 'prepare'
  | 'mount'
  | 'sandbox'
  | 'connect'
  | 'create'
  | 'start'
  | 'snapshot'

export interface FakeWorld {
  readonly root: string
  readonly deps: ContainersDeps
  readonly db: MetadataDb
  readonly tasks: Map<string, FakeTask>
  readonly mounted: Set<string>
  readonly sandboxes: Set<string>
  readonly snapshots: Map<string, ChainId | undefined>
  readonly events: ContainerEvent[]
  readonly faults: Map<FaultName, Error>
  /** Waits before tasks are removed; a test holds one to make a container stuck. */
  readonly removeGates: Map<string, Promise<void>>
  /** Output that somebody attached has not taken yet, by container. */
  readonly outputGates: Map<string, Promise<void>>
  readonly scheduler: ManualScheduler
  open(): Promise<ContainerService>
}

export async function fakeWorld(t: { after(step: () => void): void }): Promise<FakeWorld> {
  // Memory, where there is a filesystem in it: nothing here is about the disk.
  const memory = '/dev/shm'
  const root = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'containers-'))
  const db = openMetadataDb({ root, log: silentLogger })
  t.after(() => {
    db[Symbol.dispose]()
    rmSync(root, { recursive: true, force: true })
  })
  const state = {
    tasks: new Map<string, FakeTask>(),
    mounted: new Set<string>(),
    sandboxes: new Set<string>(),
    snapshots: new Map<string, ChainId | undefined>(),
    events: [] as ContainerEvent[],
    faults: new Map<FaultName, Error>(),
    removeGates: new Map<string, Promise<void>>(),
    outputGates: new Map<string, Promise<void>>(),
  }
  const scheduler = manualScheduler()
  const volumes = await openVolumes({
    root: join(root, 'volumes'),
    db,
    log: silentLogger,
    onEvent: () => undefined,
  })
  const deps: ContainersDeps = {
    dataRoot: root,
    execRoot: join(root, 'exec'),
    db,
    log: silentLogger,
    volumes,
    scheduler,
    snapshots: fakeSnapshots(state),
    images: fakeImages(),
    runtime: fakeRuntime(state),
    networks: fakeNetworks(state),
    rootfs: fakeMounts(state),
    defaults: {
      cgroupParent: '',
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      defaultNetwork: 'bridge',
    },
    onEvent: (event) => void state.events.push(event),
  }
  return { ...state, root, deps, db, scheduler, open: () => openContainers(deps) }
}

type State = Pick<
  FakeWorld,
  'tasks' | 'mounted' | 'sandboxes' | 'snapshots' | 'faults' | 'removeGates' | 'outputGates'
>

function fail(state: State, fault: FaultName): void {
  const error = state.faults.get(fault)
  if (error) throw error
}

function fakeSnapshots(state: State): ContainersDeps['snapshots'] {
  const mount: Mount = { type: 'overlay', lowerDirs: ['/nowhere'] }
  return {
    prepare: async (key, parent) => {
      fail(state, 'prepare')
      state.snapshots.set(key, parent)
      return mount
    },
    mount: () => mount,
    find: (key) => {
      if (!state.snapshots.has(key)) return undefined
      const parent = state.snapshots.get(key)
      return parent === undefined ? {} : { parent }
    },
    remove: async (key) => {
      fail(state, 'snapshot')
      state.snapshots.delete(key)
    },
    usage: async () => ({ sizeBytes: 1000, inodes: 1 }),
    listActive: () => [...state.snapshots.keys()].map((key) => branded<SnapshotKey>(key)),
  }
}

export const fakeImageId = digestOf('image')

function fakeImages(): ContainersDeps['images'] {
  const image: Image = {
    id: fakeImageId,
    repoTags: ['busybox:latest'],
    repoDigests: [],
    manifest: { mediaType: 'x', digest: digestOf('manifest'), size: 1 },
    config: {
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [] },
    },
    platform: { os: 'linux', architecture: 'amd64' },
    sizeBytes: 1,
    createdAt: now(),
  }
  return {
    find: (name) => (name === 'busybox' ? image : undefined),
    get: (name) => {
      if (name !== 'busybox') throw new EngineError('not_found', `No such image: ${name}`)
      return image
    },
  }
}

function fakeRuntime(state: State): ContainersDeps['runtime'] {
  let nextPid = 1000
  return {
    anticipate: () => undefined,
    create: async (options) => {
      fail(state, 'create')
      const task = fakeTask(state, options, nextPid++)
      state.tasks.set(options.containerId, task)
      return task
    },
    adopt: async ({ containerId }) => {
      const task = state.tasks.get(containerId)
      if (!task) throw new EngineError('not_found', `adopt ${containerId}: no task`)
      return task
    },
    listIds: async () => [...state.tasks.keys()],
    checkName: () => undefined,
    removeStray: async (id) => void state.tasks.delete(id),
  }
}

function fakeTask(state: State, options: CreateTaskOptions, pid: number): FakeTask {
  const exited = Promise.withResolvers<TaskExit>()
  const id = options.containerId
  const log: string[] = []
  const task: FakeTask = {
    containerId: id,
    options,
    log,
    pid,
    conmonPid: pid + 1,
    exited: exited.promise,
    exit: (code, facts) =>
      exited.resolve({ code, finishedAt: now(), isOomKilled: false, ...facts }),
    start: async () => {
      log.push('start')
      fail(state, 'start')
    },
    kill: async (signal) => {
      log.push(`kill ${signal}`)
      if (signal === 9) task.exit(137)
    },
    pause: async () => void log.push('pause'),
    resume: async () => void log.push('resume'),
    resize: async () => undefined,
    attach: async () => {
      log.push('attach')
      return fakeStdio(`output of ${pid}`)
    },
    outputTaken: async () => state.outputGates.get(id),
    exec: async () => ({
      pid: pid + 2,
      stdio: undefined,
      exited: Promise.resolve({ code: 0 }),
      resize: async () => undefined,
    }),
    reopenLog: async () => undefined,
    pids: async () => [pid],
    remove: async () => {
      await state.removeGates.get(id)
      log.push('remove')
      if (state.tasks.get(id) === task) state.tasks.delete(id)
    },
  }
  return task
}

function fakeStdio(text: string): TaskStdio {
  return {
    output: (async function* () {
      yield Buffer.from(text)
    })(),
    write: async () => undefined,
    closeStdin: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function fakeNetworks(state: State): ContainersDeps['networks'] {
  const endpoint: Endpoint = {
    endpointId: 'endpoint',
    networkId: 'network',
    networkName: 'bridge',
    ipv4Address: '10.0.0.2',
    prefixLength: 24,
    gateway: '10.0.0.1',
    macAddress: '02:00:00:00:00:01',
    interfaceName: 'eth0',
    aliases: [],
    ports: [],
  }
  return {
    createSandbox: async (containerId) => {
      fail(state, 'sandbox')
      state.sandboxes.add(containerId)
      return { containerId, netnsPath: '/run/netns/x' }
    },
    connect: async () => {
      fail(state, 'connect')
      return endpoint
    },
    removeSandbox: async (id) => void state.sandboxes.delete(id),
    get: (name) => {
      throw new EngineError('not_found', `network ${name} not found`)
    },
  }
}

function fakeMounts(state: State): RootfsMounts {
  return {
    mount: async (_mount, target) => {
      fail(state, 'mount')
      mkdirSync(target, { recursive: true })
      state.mounted.add(target)
    },
    mountMemory: async (target) => void state.mounted.add(target),
    unmount: async (target) => {
      state.mounted.delete(target)
      rmSync(target, { recursive: true, force: true })
    },
    list: async () => [...state.mounted],
  }
}
