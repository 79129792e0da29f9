/** A builder in the test's own process, on stores, runtime and networks of its own. */
import assert from 'node:assert/strict'
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before } from 'node:test'
import { silentLogger, type Logger } from '#base/log.ts'
import { branded } from '#base/brand.ts'
import { openBuilder } from '#build/open.ts'
import type { BuildEvent, BuildOutcome, BuildRequest, Builder } from '#build/types.ts'
import { openImages } from '#image/open.ts'
import type { Images } from '#image/types.ts'
import { openNetworks } from '#network/open.ts'
import { parseReference } from '#oci/reference.ts'
import { openRegistryClient } from '#registry/client.ts'
import { openRuntime } from '#runtime/open.ts'
import { mountSnapshot, unmountSnapshot } from '#store/mounts.ts'
import { openStores } from '#store/open.ts'
import type { SnapshotKey, Stores } from '#store/types.ts'
import { claimIdentity } from '#test/support/abandoned.ts'
import { busyboxDockerArchive } from '#test/support/busybox.ts'
import type { EngineIdentity } from '#test/support/identity.ts'
import { findLeaks, sweep } from '#test/support/leaks.ts'

export const never = new AbortController().signal

export interface TestBuilder {
  readonly identity: EngineIdentity
  readonly builder: Builder
  readonly images: Images
  readonly stores: Stores
  /** Builds a Dockerfile over a context of these files. */
  build(dockerfile: string, options?: TestBuild): Promise<TestOutcome>
  /** Runs `look` with the image's files mounted read-only. */
  inspect<T>(nameOrId: string, look: (rootfs: string) => T): Promise<T>
  /** Closes everything; `isKept` leaves the directories to another builder. */
  close(isKept?: boolean): Promise<void>
}

export interface TestBuild extends Partial<Omit<BuildRequest, 'dockerfile' | 'contexts'>> {
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** A prepared directory instead of `files`. */
  readonly context?: string
  readonly ignore?: readonly string[]
  readonly contexts?: BuildRequest['contexts']
  readonly signal?: AbortSignal
}

export interface TestOutcome extends BuildOutcome {
  readonly events: readonly BuildEvent[]
  /** Names of vertices that ran, sources left out. */
  readonly ran: readonly string[]
  readonly output: string
}

export interface TestBuilderOptions {
  readonly identity?: EngineIdentity
  readonly log?: Logger
}

export async function openTestBuilder(options: TestBuilderOptions = {}): Promise<TestBuilder> {
  const { identity = await claimIdentity(), log = silentLogger } = options
  await using undo = new AsyncDisposableStack()
  const { dataRoot, execRoot, bridge, addressPool, cgroupParent, table: tableName } = identity
  mkdirSync(execRoot, { recursive: true })
  const stores = undo.use(await openStores({ root: dataRoot, log }))
  const registry = undo.use(
    openRegistryClient({ insecureRegistries: [], mirrors: [], userAgent: 'gantry-test' }),
  )
  const onEvent = () => undefined
  const images = await openImages({ stores, registry, log, onEvent, maxConcurrentDownloads: 3 })
  const runtimes = { runtimes: {}, defaultRuntime: 'crun' }
  const runtime = await openRuntime({ execRoot, dataRoot, cgroupParent, ...runtimes, log })
  undo.defer(() => runtime.close())
  const network = {
    execRoot,
    bridge,
    tableName,
    addressPools: [{ base: addressPool, size: 24 }],
    mtu: 1500,
    hasIpForward: true,
    hasIpMasquerade: true,
  }
  const networks = undo.use(await openNetworks(network, { db: stores.db, log, onEvent }))
  for (const id of await runtime.listIds()) await runtime.removeStray(id)
  await networks.restore(new Set())
  const builder = await openBuilder({
    dataRoot,
    execRoot,
    stores,
    images,
    registry,
    runtime,
    networks,
    log,
    contexts: { list: async () => [], remove: async () => false },
    defaults: { network: 'bridge', cgroupParent, dns: [], dnsSearch: [], dnsOptions: [] },
  })
  if (!images.find('busybox')) {
    await images.load(createReadStream(await busyboxDockerArchive()), {}, never)
  }
  const opened = undo.move()
  let contexts = 0
  return {
    identity,
    builder,
    images,
    stores,
    build: (dockerfile, build = {}) =>
      runBuild(builder, dockerfile, {
        ...build,
        context: build.context ?? makeContext(`${identity.root}/contexts/${++contexts}`, build),
      }),
    inspect: (nameOrId, look) => inspectImage({ identity, images, stores }, nameOrId, look),
    async close(isKept = false) {
      try {
        await opened.disposeAsync()
        if (!isKept) assert.deepEqual(await findLeaks(identity), [], 'nothing may be left')
      } finally {
        if (!isKept) await sweep(identity)
      }
    },
  }
}

function makeContext(directory: string, { files = {} }: TestBuild): string {
  mkdirSync(directory, { recursive: true })
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
  return directory
}

async function runBuild(
  builder: Builder,
  text: string,
  build: TestBuild & { readonly context: string },
): Promise<TestOutcome> {
  const events: BuildEvent[] = []
  const { signal = never, contexts = new Map(), context: path, ignore = [] } = build
  const request: BuildRequest = {
    ...defaults,
    ...build,
    dockerfile: { name: 'Dockerfile', text },
    contexts: new Map([['context', { kind: 'directory', path, ignore }], ...contexts]),
    onEvent(event) {
      events.push(event)
      build.onEvent?.(event)
    },
  }
  const outcome = await builder.build(request, signal)
  return { ...outcome, events, ran: namesRun(events), output: outputOf(events) }
}

function namesRun(events: readonly BuildEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'vertex-started' && /^\[(?!internal)[^\]]*\] (?!FROM )/.test(event.vertex.name)
      ? [event.vertex.name.replace(/^\[[^\]]*\] /, '')]
      : [],
  )
}

export function outputOf(events: readonly BuildEvent[]): string {
  const chunks = events.flatMap((event) => (event.type === 'vertex-output' ? [event.chunk] : []))
  return Buffer.concat(chunks).toString()
}

interface Place {
  readonly identity: EngineIdentity
  readonly images: Images
  readonly stores: Stores
}

async function inspectImage<T>(
  { identity, images, stores }: Place,
  nameOrId: string,
  look: (rootfs: string) => T,
): Promise<T> {
  const { chainId } = images.get(nameOrId)
  assert.ok(chainId, 'the image has layers')
  const key = snapshotKeyFrom(`inspect-${process.hrtime.bigint()}`)
  const mount = await stores.snapshots.view(key, chainId)
  const target = `${identity.root}/${key}`
  mkdirSync(target)
  mountSnapshot(mount, target)
  try {
    return look(target)
  } finally {
    unmountSnapshot(target)
    await stores.snapshots.remove(key)
  }
}

function snapshotKeyFrom(text: string) {
  return branded<SnapshotKey>(text)
}

export const tagged = (name: string) => [parseReference(name)]

export const noLimits: BuildRequest['limits'] = {
  memoryBytes: 0,
  memorySwapBytes: 0,
  cpuShares: 0,
  cpuPeriodUs: 0,
  cpuQuotaUs: 0,
  cpusetCpus: '',
  cpusetMems: '',
  shmSizeBytes: 0,
  cgroupParent: '',
  ulimits: [],
  extraHosts: [],
}

const defaults: Omit<BuildRequest, 'dockerfile' | 'contexts' | 'onEvent'> = {
  buildArgs: new Map(),
  labels: {},
  annotations: [],
  tags: [],
  platforms: [],
  outputs: [{ type: 'image', isPushed: false }],
  uncachedStages: new Set(),
  alwaysPulls: false,
  secrets: new Map(),
  ssh: new Map(),
  limits: noLimits,
  network: 'default',
  allowsInsecure: false,
  allowsHostNetwork: false,
  cacheFrom: [],
  cacheTo: [],
  squashes: false,
  registryAuth: () => undefined,
}

/** One builder for all tests of a file. */
export function shareTestBuilder(): () => TestBuilder {
  let shared: TestBuilder | undefined
  before(async () => void (shared = await openTestBuilder()))
  after(() => shared?.close())
  return () => {
    assert.ok(shared, 'the builder opens before the first test')
    return shared
  }
}
