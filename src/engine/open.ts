/**
 * The composition root. Everything is opened here, in dependency order, and
 * handed on by plain arguments; `restore.ts` takes over from an earlier engine
 * before anybody is served.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#base/log.ts'
import { openBuilder } from '#build/open.ts'
import { openBuildContexts } from '#build/transfer/store.ts'
import { openContainers, type ContainerService } from '#container/open.ts'
import { checkLogOptions } from '#container/log-rotation.ts'
import { rootfsDirectory } from '#container/paths.ts'
import { systemScheduler } from '#container/scheduler.ts'
import { builderDefaults, containerDefaults, networksOptions } from '#engine/config.ts'
import { createEvents } from '#engine/events.ts'
import { openFacts, storageDriver } from '#engine/facts.ts'
import { collectOnPrune, createGcSchedule, type GcSchedule } from '#engine/gc.ts'
import { trimWhenIdle } from '#engine/heap-trim.ts'
import { restore } from '#engine/restore.ts'
import { createRootfsMounts } from '#engine/rootfs.ts'
import { stopAll } from '#engine/shutdown.ts'
import type { Engine, EngineConfig, Events } from '#engine/types.ts'
import { openImages } from '#image/open.ts'
import type { Images } from '#image/types.ts'
import { openNetworks } from '#network/open.ts'
import type { Networks } from '#network/types.ts'
import { openRegistryClient } from '#registry/client.ts'
import type { RegistryClient } from '#registry/types.ts'
import { openRuntime } from '#runtime/open.ts'
import type { Runtime } from '#runtime/types.ts'
import { openStores } from '#store/open.ts'
import type { MetadataDb, Stores } from '#store/types.ts'
import { openVolumes } from '#volume/open.ts'
import type { Volumes } from '#volume/types.ts'

/** Ours, and Docker's, so that what was set up for it goes on working. */
const certificateDirectories = ['/etc/gantry/certs.d', '/etc/docker/certs.d']

/**
 * Opens an engine on its data root and exec root.
 * @throws EngineError conflict when another engine has the data root open
 */
export async function openEngine(config: EngineConfig, log: Logger): Promise<Engine> {
  checkLogOptions({ type: config.logDriver, options: config.logOptions })
  await using undo = new AsyncDisposableStack()
  await mkdir(config.execRoot, { recursive: true, mode: 0o711 })
  const events = createEvents()
  const stores = undo.use(await openStores({ root: config.dataRoot, log }))
  const registry = undo.use(
    openRegistryClient({
      insecureRegistries: config.insecureRegistries,
      mirrors: config.registryMirrors,
      certificateDirectories,
      userAgent: config.userAgent,
    }),
  )
  const gc = undo.use(createGcSchedule(stores.gc, log))
  const images = await openImages({
    stores,
    registry,
    log: log.child({ component: 'image' }),
    maxConcurrentDownloads: config.maxConcurrentDownloads,
    onEvent: ({ id, ...event }) => {
      events.publish({ type: 'image', actorId: id, ...event })
      if (event.action === 'delete') gc.schedule()
    },
  })
  const machine = await openMachine(config, { db: stores.db, events, log, undo })
  const parts = { stores, gc, events, images, log, ...machine }
  const containers = await wireContainers(config, parts)
  const building = await openBuilding(config, { stores, images, registry, log, ...machine })
  const facts = await openFacts({ config, runtime: machine.runtime })
  const { networks, volumes } = machine
  await restore({ containers, networks, log })
  const builder = undo.use(trimWhenIdle(events)).afterBuilds(building.builder)
  undo.use(collectOnPrune(events, gc))
  const opened = undo.move()
  return {
    config,
    log,
    containers,
    images,
    networks,
    volumes,
    ...building,
    builder,
    events,
    storageDriver,
    systemFacts: facts,
    login: (name, auth, signal) => registry.login(name, auth, signal),
    [Symbol.asyncDispose]: createClose({ config, containers, log, opened }),
  }
}

interface Parts {
  readonly events: Events
  readonly log: Logger
  /** Closes what is opened, in reverse order. */
  readonly undo: AsyncDisposableStack
}

interface Machine {
  readonly runtime: Runtime
  readonly networks: Networks
  readonly volumes: Volumes
}

/** What containers run on. */
async function openMachine(
  config: EngineConfig,
  { db, events, log, undo }: Parts & { readonly db: MetadataDb },
): Promise<Machine> {
  const runtime = await openRuntime({
    execRoot: config.execRoot,
    dataRoot: config.dataRoot,
    cgroupParent: config.cgroupParent,
    runtimes: config.runtimes,
    defaultRuntime: config.defaultRuntime,
    log: log.child({ component: 'runtime' }),
  })
  undo.defer(() => runtime.close())
  const networks = undo.use(
    await openNetworks(networksOptions(config), {
      db,
      log: log.child({ component: 'network' }),
      onEvent: ({ networkId, ...event }) =>
        events.publish({ type: 'network', actorId: networkId, ...event }),
    }),
  )
  const volumes = await openVolumes({
    root: join(config.dataRoot, 'volumes'),
    db,
    log: log.child({ component: 'volume' }),
    onEvent: ({ name, ...event }) => events.publish({ type: 'volume', actorId: name, ...event }),
  })
  return { runtime, networks, volumes }
}

/** The container service, and the gc that its removals call for. */
async function wireContainers(
  config: EngineConfig,
  parts: Omit<Parts, 'undo'> &
    Machine & { readonly stores: Stores; readonly gc: GcSchedule; readonly images: Images },
): Promise<ContainerService> {
  const { stores, gc, events, images, log, runtime, networks, volumes } = parts
  const containers = await openContainers({
    dataRoot: config.dataRoot,
    execRoot: config.execRoot,
    db: stores.db,
    snapshots: stores.snapshots,
    images,
    runtime,
    networks,
    volumes,
    rootfs: createRootfsMounts(rootfsDirectory(config)),
    scheduler: systemScheduler,
    defaults: containerDefaults(config),
    log: log.child({ component: 'container' }),
    onEvent: ({ action, containerId, attributes }) => {
      events.publish({ type: 'container', action, actorId: containerId, attributes })
      // Only a container kept the layers of an image that was removed before it.
      if (action === 'destroy' && !images.find(attributes['image'] ?? '')) gc.schedule()
    },
  })
  stores.gc.register({ content: () => [], snapshots: () => containers.layersInUse() })
  return containers
}

/** The builder, and where its contexts are kept. */
async function openBuilding(
  config: EngineConfig,
  parts: Pick<Machine, 'runtime' | 'networks'> & {
    readonly stores: Stores
    readonly images: Images
    readonly registry: RegistryClient
    readonly log: Logger
  },
): Promise<Pick<Engine, 'builder' | 'buildContexts'>> {
  const log = parts.log.child({ component: 'build' })
  const buildContexts = await openBuildContexts({
    root: join(config.dataRoot, 'build', 'contexts'),
    log,
  })
  const builder = await openBuilder({
    ...parts,
    dataRoot: config.dataRoot,
    execRoot: config.execRoot,
    contexts: buildContexts,
    defaults: builderDefaults(config),
    log,
  })
  return { builder, buildContexts }
}

/** Ends once, however often it is called: containers first (unless they live on), then what they stand on. */
function createClose({
  config,
  containers,
  log,
  opened,
}: {
  readonly config: EngineConfig
  readonly containers: ContainerService
  readonly log: Logger
  readonly opened: AsyncDisposableStack
}): () => Promise<void> {
  let closing: Promise<void> | undefined
  const work = async () => {
    if (!config.isLiveRestore) await stopAll(containers, { log, timeoutS: config.shutdownTimeoutS })
    containers.close()
    await opened.disposeAsync()
  }
  return () => (closing ??= work())
}
