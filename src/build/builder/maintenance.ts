/** `builder prune` and `builder du`: cached steps, cache mounts and kept contexts. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Instant, instantFromMillis, millisOf } from '#base/clock.ts'
import type { RunningBuilds } from '#build/builder/running.ts'
import { planPrune } from '#build/cache/prune.ts'
import type { BuildCache, CacheEntry } from '#build/cache/store.ts'
import { cacheSize, cachesDirectory, listCaches, removeCache } from '#build/ops/cache-mounts.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import { decodeResult, topOf } from '#build/ops/result.ts'
import type { BuildContexts } from '#build/transfer/types.ts'
import type { CacheUsage, PruneOptions, PruneOutcome } from '#build/types.ts'
import type { ChainId } from '#oci/digest.ts'
import { chainIds } from '#oci/digest.ts'

export interface MaintenanceDeps {
  readonly machine: BuildMachine
  readonly cache: BuildCache
  readonly running: RunningBuilds
  readonly contexts: Pick<BuildContexts, 'list' | 'remove'>
}

/** Snapshots that cached steps keep from gc. */
export function cachedSnapshots(cache: BuildCache): Iterable<ChainId> {
  return cache.list().flatMap((entry) => topOfEntry(entry) ?? [])
}

function topOfEntry({ stored }: CacheEntry): ChainId | undefined {
  return topOf(decodeResult(stored))
}

export function listUsage({ machine, cache, running }: MaintenanceDeps): CacheUsage[] {
  const inUse = recordsInUse(cache, running)
  const shared = sharedRecords(machine, cache)
  const steps = cache.list().map((entry): CacheUsage => ({
    id: String(entry.id),
    description: entry.ingredients.name,
    type: 'regular',
    sizeBytes: entry.sizeBytes,
    createdAt: entry.createdAt,
    lastUsedAt: entry.lastUsedAt,
    useCount: entry.useCount,
    isInUse: inUse.has(entry.id),
    isShared: shared.has(entry.id),
  }))
  return [...steps, ...listCacheMounts(machine)]
}

export async function prune(deps: MaintenanceDeps, options: PruneOptions): Promise<PruneOutcome> {
  const { machine, cache, running } = deps
  const unusedSince = timeBefore(options.unusedForMs)
  const chosen = planPrune(cache.list(), {
    isAll: options.isAll,
    inUse: recordsInUse(cache, running),
    shared: sharedRecords(machine, cache),
    ...(unusedSince === undefined ? {} : { unusedSince }),
    ...(options.keepBytes === undefined ? {} : { keepBytes: options.keepBytes }),
    ...(options.ids === undefined ? {} : { ids: options.ids }),
  })
  cache.remove(chosen.map(({ id }) => id))
  const mounts = options.keepBytes === undefined ? await pruneCacheMounts(machine, options) : []
  const contexts = options.keepBytes === undefined ? await pruneContexts(deps, options) : []
  const { freedBytes } = await machine.stores.gc.run()
  const directories = [...mounts, ...contexts]
  const directoryBytes = directories.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return {
    ids: [...chosen.map(({ id }) => String(id)), ...directories.map(({ id }) => id)],
    freedBytes: freedBytes + directoryBytes,
  }
}

function timeBefore(unusedForMs: number | undefined): Instant | undefined {
  return unusedForMs === undefined ? undefined : instantFromMillis(Date.now() - unusedForMs)
}

/** Every record that a running build may have found or put. */
function recordsInUse(cache: BuildCache, running: RunningBuilds): Set<number> {
  const since = running.oldestStart()
  if (since === undefined) return new Set()
  const used = cache.list().filter(({ lastUsedAt }) => millisOf(lastUsedAt) >= since)
  return new Set(used.map(({ id }) => id))
}

function sharedRecords({ images }: BuildMachine, cache: BuildCache): Set<number> {
  const named = new Set(images.list().flatMap(({ config }) => chainIds(config.rootfs.diff_ids)))
  const shared = cache.list().filter((entry) => {
    const top = topOfEntry(entry)
    return top !== undefined && named.has(top)
  })
  return new Set(shared.map(({ id }) => id))
}

interface Removed {
  readonly id: string
  readonly sizeBytes: number
}

async function pruneCacheMounts(
  machine: BuildMachine,
  options: PruneOptions,
): Promise<readonly Removed[]> {
  const unusedSince = timeBefore(options.unusedForMs)
  const chosen = listCacheMounts(machine)
    .filter(({ isInUse }) => !isInUse)
    .filter(({ id }) => options.ids === undefined || options.ids.includes(id))
    .filter(({ lastUsedAt }) => unusedSince === undefined || lastUsedAt <= unusedSince)
  await Promise.all(chosen.map(({ id }) => removeCache(machine, id)))
  return chosen
}

async function pruneContexts(
  { contexts }: MaintenanceDeps,
  { unusedForMs, ids }: PruneOptions,
): Promise<Removed[]> {
  const before = unusedForMs === undefined ? undefined : Date.now() - unusedForMs
  const removed: Removed[] = []
  for (const { id, sizeBytes, lastUsedMs, isInUse } of await contexts.list()) {
    const isWanted = (before === undefined || lastUsedMs <= before) && (ids?.includes(id) ?? true)
    if (isWanted && !isInUse && (await contexts.remove(id))) removed.push({ id, sizeBytes })
  }
  return removed
}

function listCacheMounts(machine: BuildMachine): CacheUsage[] {
  const directory = cachesDirectory(machine)
  const taken = new Set([...machine.cachesInUse].map((entry) => entry.split(' ', 1)[0]))
  return listCaches(machine).map((name): CacheUsage => {
    const path = join(directory, name)
    const { birthtimeMs, mtimeMs } = statSync(path)
    return {
      id: name,
      description: `cache mount ${name}`,
      type: 'exec.cachemount',
      sizeBytes: cacheSize(path),
      createdAt: instantFromMillis(birthtimeMs),
      lastUsedAt: instantFromMillis(mtimeMs),
      useCount: 0,
      isInUse: taken.has(path),
      isShared: false,
    }
  })
}
