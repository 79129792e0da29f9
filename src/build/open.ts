/** Opens the builder of one engine. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createKeyedMutex } from '#base/async.ts'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { createBuilder } from '#build/builder.ts'
import { openHistory } from '#build/builder/history.ts'
import { cachedSnapshots } from '#build/builder/maintenance.ts'
import { createRunningBuilds } from '#build/builder/running.ts'
import { openBuildCache } from '#build/cache/store.ts'
import { openListings } from '#build/content/listings.ts'
import { openSelectionCache } from '#build/content/selection-cache.ts'
import { cachesDirectory, sweepCaches } from '#build/ops/cache-mounts.ts'
import { createTeardowns } from '#build/ops/hold.ts'
import type { BuildMachine, StepDefaults } from '#build/ops/machine.ts'
import { type BuildResult, decodeResult } from '#build/ops/result.ts'
import { stepPrefix } from '#build/ops/workspace.ts'
import { createSolver } from '#build/solver/solve.ts'
import type { BuildContexts } from '#build/transfer/types.ts'
import type { Builder } from '#build/types.ts'
import type { Images } from '#image/types.ts'
import type { Networks } from '#network/types.ts'
import type { RegistryClient } from '#registry/types.ts'
import type { Runtime } from '#runtime/types.ts'
import { keepMountsPrivate, unmountSnapshot } from '#store/mounts.ts'
import type { Stores } from '#store/types.ts'
import { readMountinfo } from '#sys/mountinfo.ts'

export interface BuilderDeps {
  /** The engine's; the builder keeps its own files in `build` below each. */
  readonly dataRoot: string
  readonly execRoot: string
  readonly stores: Stores
  readonly images: Images
  readonly registry: RegistryClient
  readonly runtime: Pick<Runtime, 'runOnce' | 'anticipate'>
  readonly networks: Pick<Networks, 'createSandbox' | 'connect' | 'removeSandbox'>
  readonly contexts: Pick<BuildContexts, 'list' | 'remove'>
  readonly defaults: StepDefaults
  readonly log: Logger
}

/** Removes first what the builds of an engine that died left; their cached steps stay. */
export async function openBuilder(deps: BuilderDeps): Promise<Builder> {
  const { stores, log } = deps
  const dataRoot = join(deps.dataRoot, 'build')
  const machine: BuildMachine = {
    ...deps,
    dataRoot,
    workRoot: join(deps.execRoot, 'build'),
    selections: openSelectionCache(stores.db),
    listings: openListings(join(dataRoot, 'listings')),
    cacheLocks: createKeyedMutex(),
    cachesInUse: new Set(),
    teardowns: createTeardowns(),
  }
  for (const directory of [cachesDirectory(machine), join(dataRoot, 'content-index')]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }
  keepMountsPrivate(machine.workRoot)
  await sweep(machine, log)
  const cache = openBuildCache({ db: stores.db, sizeOf })
  stores.gc.register({ content: () => [], snapshots: () => cachedSnapshots(cache) })
  const solver = createSolver<BuildResult>({ cache, parallelism: availableParallelism() })
  const history = openHistory(stores.db, { directory: join(dataRoot, 'history'), log })
  const running = createRunningBuilds()
  return createBuilder({ machine, cache, solver, history, running, contexts: deps.contexts })
}

/** What the step added: the layers below are counted with the steps that made them. */
function sizeOf(stored: string): number {
  return decodeResult(stored).layers.at(-1)?.sizeBytes ?? 0
}

async function sweep(machine: BuildMachine, log: Logger): Promise<void> {
  await sweepCaches(machine)
  const mounted = readMountinfo()
    .map(({ mountPoint }) => mountPoint)
    .filter((mountPoint) => mountPoint.startsWith(`${machine.workRoot}/`))
  for (const mountPoint of mounted.toReversed()) unmountSnapshot(mountPoint)
  for (const name of readdirSync(machine.workRoot)) {
    rmSync(join(machine.workRoot, name), { recursive: true, force: true })
  }
  const { snapshots } = machine.stores
  for (const key of [...snapshots.listActive()].filter((one) => one.startsWith(stepPrefix))) {
    try {
      await snapshots.remove(key)
    } catch (error) {
      log.warn({ snapshot: key, reason: errorMessage(error) }, 'step snapshot not removed')
    }
  }
}
