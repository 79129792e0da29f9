/** An engine of records and functions, for tests of the API alone. */
import { instantFromNanos } from '#base/clock.ts'
import { silentLogger } from '#base/log.ts'
import type { BuildContexts } from '#build/transfer/types.ts'
import type { Builder } from '#build/types.ts'
import { plainHost, plainSpec } from '#container/testing/sample.ts'
import type { ContainerRecord, Containers, ContainerSpec, HostSpec } from '#container/types.ts'
import type { Engine, EngineConfig, EngineEvent, SystemFacts } from '#engine/types.ts'
import type { Images } from '#image/types.ts'
import type { Networks } from '#network/types.ts'
import type { TaskStdio } from '#runtime/types.ts'
import type { Volumes } from '#volume/types.ts'

export interface FakeParts {
  readonly containers?: Partial<Containers>
  readonly images?: Partial<Images>
  readonly networks?: Partial<Networks>
  readonly volumes?: Partial<Volumes>
  readonly events?: Partial<Engine['events']>
  readonly login?: Engine['login']
  readonly builder?: Partial<Builder>
  readonly buildContexts?: Partial<BuildContexts>
}

export interface FakeEngine extends Engine {
  /** What the API published. */
  readonly published: Omit<EngineEvent, 'time'>[]
}

export function fakeEngine(parts: FakeParts = {}): FakeEngine {
  const published: Omit<EngineEvent, 'time'>[] = []
  return {
    published,
    config: fakeConfig,
    log: silentLogger,
    containers: { ...noContainers, ...parts.containers },
    images: { ...noImages, ...parts.images },
    networks: { ...noNetworks, ...parts.networks },
    volumes: { ...noVolumes, ...parts.volumes },
    builder: { ...noBuilder, ...parts.builder },
    buildContexts: { ...noContexts, ...parts.buildContexts },
    events: {
      publish: (event) => void published.push(event),
      subscribe: missing,
      ...parts.events,
    },
    storageDriver: 'overlay2',
    systemFacts: () => Promise.resolve(fakeFacts),
    login: parts.login ?? missing,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function missing(): never {
  throw new Error('the test gave the fake engine no such function')
}

const noBuilder: Builder = {
  build: missing,
  inspect: missing,
  prune: missing,
  diskUsage: async () => [],
  history: { list: () => [], get: missing, logs: missing },
}

const noContexts: BuildContexts = {
  receive: missing,
  empty: missing,
  fetch: missing,
  sync: missing,
  list: () => Promise.resolve([]),
  remove: missing,
}

const noContainers: Containers = {
  create: missing,
  get: missing,
  details: (ref) => ({
    directory: `/data/containers/${ref}`,
    logPath: `/data/containers/${ref}/container.log`,
    hostnamePath: `/data/containers/${ref}/hostname`,
    hostsPath: `/data/containers/${ref}/hosts`,
    resolvConfPath: `/data/containers/${ref}/resolv.conf`,
    execIds: [],
  }),
  sizes: missing,
  list: () => [],
  start: missing,
  stop: missing,
  restart: missing,
  kill: missing,
  pause: missing,
  unpause: missing,
  rename: missing,
  remove: missing,
  wait: missing,
  attach: missing,
  logs: missing,
  resize: missing,
  top: missing,
  createExec: missing,
  startExec: missing,
  getExec: missing,
  resizeExec: missing,
}

const noImages: Images = {
  get: missing,
  find: () => undefined,
  list: () => [],
  pull: missing,
  pullAll: missing,
  load: missing,
  import: missing,
  push: missing,
  save: missing,
  describe: missing,
  create: missing,
  archive: missing,
  layerBlobs: { find: missing, get: missing, record: missing, tar: missing },
  tag: missing,
  remove: missing,
  history: missing,
}

const noNetworks: Networks = {
  list: () => [],
  get: missing,
  endpoints: () => new Map(),
  createSandbox: missing,
  connect: missing,
  removeSandbox: missing,
  restore: missing,
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

const noVolumes: Volumes = {
  create: missing,
  get: missing,
  find: () => undefined,
  list: () => [],
  detach: missing,
  remove: missing,
  populate: missing,
  attach: missing,
}

const fakeConfig: EngineConfig = {
  dataRoot: '/data',
  execRoot: '/exec',
  bridge: 'gantry0',
  addressPools: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  mtu: 1500,
  ipForward: true,
  ipMasquerade: true,
  insecureRegistries: [],
  registryMirrors: [],
  logDriver: 'json-file',
  logOptions: {},
  defaultRuntime: 'crun',
  runtimes: {},
  labels: [],
  shutdownTimeoutS: 15,
  isLiveRestore: false,
  maxConcurrentDownloads: 3,
  cgroupParent: '',
  userAgent: 'gantry/test',
}

const fakeFacts: SystemFacts = {
  id: 'engine-id',
  name: 'host',
  kernelVersion: '6.18.0',
  operatingSystem: 'Debian GNU/Linux 12',
  osVersion: '12',
  architecture: 'x86_64',
  cpus: 2,
  memoryBytes: 4_000_000_000,
  storageDriver: { name: 'overlay2', status: [['Backing Filesystem', 'extfs']] },
  cgroupDriver: 'cgroupfs',
  cgroupVersion: '2',
  securityOptions: ['name=seccomp,profile=builtin'],
  runtimeVersion: '1.8',
  conmonVersion: '2.1',
  defaultRuntime: 'crun',
  runtimes: ['crun', 'runc'],
  warnings: [],
  limits: {
    memory: true,
    swap: true,
    cpuCfs: true,
    cpuShares: true,
    cpuset: true,
    pids: true,
    oomKillDisable: true,
    ipv4Forwarding: true,
  },
}

export const fakeId = 'a'.repeat(64)

export const fakeHost: HostSpec = {
  ...plainHost,
  networkMode: { type: 'network', name: 'bridge' },
  shmSizeBytes: 67_108_864,
  ipcMode: '',
}

export const fakeSpec: ContainerSpec = {
  ...plainSpec,
  env: ['PATH=/bin'],
  cmd: ['-c', 'echo hi'],
  entrypoint: ['sh'],
  workingDir: '/',
  labels: { team: 'a' },
  host: fakeHost,
}

/** A created container named `web`. */
export function fakeRecord(changes: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: fakeId,
    name: 'web',
    createdAt: instantFromNanos(1_700_000_000_123_000_000n),
    imageId: `sha256:${'b'.repeat(64)}`,
    imageName: 'busybox',
    spec: fakeSpec,
    state: { status: 'created' },
    restartCount: 0,
    isStoppedByUser: false,
    mounts: [],
    ...changes,
  }
}

export interface FakeStdio extends TaskStdio {
  /** Everything that was written to the program's stdin. */
  readonly received: Uint8Array[]
  /** Settles at the half-close. */
  readonly stdinClosed: Promise<void>
}

/** An attachment whose output is `chunks`, then, after `until`, its end. */
export function fakeStdio(
  chunks: readonly Uint8Array[],
  until: Promise<unknown> = Promise.resolve(),
): FakeStdio {
  const received: Uint8Array[] = []
  const closed = Promise.withResolvers<void>()
  const disposed = Promise.withResolvers<void>()
  async function* output(): AsyncGenerator<Uint8Array> {
    yield* chunks
    await Promise.race([until, disposed.promise])
  }
  return {
    received,
    stdinClosed: closed.promise,
    output: output(),
    write: (chunk) => {
      received.push(Uint8Array.from(chunk))
      return Promise.resolve()
    },
    closeStdin: () => {
      closed.resolve()
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => {
      disposed.resolve()
      return Promise.resolve()
    },
  }
}
