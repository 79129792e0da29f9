/** `builder prune` and `builder du`: cached steps, cache mounts and kept contexts. */
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Instant, instantFromMillis, millisOf } from '#base/clock.ts'
import type { RunningBuilds } from '#build/builder/running.ts'
import { bytesToKeep, planPrune, totalOf } from '#build/cache/prune.ts'
import type { BuildCache, CacheEntry } from '#build/cache/store.ts'
import { cacheSize, cachesDirectory, listCaches, removeCache } from '#build/ops/cache-mounts.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import { decodeResult, topOf } from '#build/ops/result.ts'
import type { BuildContexts, KeptContext } from '#build/transfer/types.ts'
import type { CacheUsage, PruneOptions, PruneOutcome, SpaceLimits } from '#build/types.ts'
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

export async function listUsage(deps: MaintenanceDeps): Promise<readonly CacheUsage[]> {
  const { machine, cache, running, contexts } = deps
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
  return [...steps, ...listCacheMounts(machine), ...(await contexts.list()).map(usageOfContext)]
}

function usageOfContext({ id, sizeBytes, lastUsedMs, isInUse }: KeptContext): CacheUsage {
  const lastUsedAt = instantFromMillis(lastUsedMs)
  return {
    id,
    sizeBytes,
    isInUse,
    lastUsedAt,
    createdAt: lastUsedAt,
    description: 'local source for context',
    type: 'source.local',
    useCount: 1,
    isShared: false,
  }
}

export async function prune(deps: MaintenanceDeps, options: PruneOptions): Promise<PruneOutcome> {
  const { machine, cache, contexts } = deps
  const usage = await listUsage(deps)
  const unusedSince = timeBefore(options.unusedForMs)
  const keepBytes = keptBytes(machine, usage, options.space)
  const chosen = planPrune(usage, {
    isAll: options.isAll,
    ...(unusedSince === undefined ? {} : { unusedSince }),
    ...(keepBytes === undefined ? {} : { keepBytes }),
    ...(options.ids === undefined ? {} : { ids: options.ids }),
  })
  const removed = chosen.filter(({ type }) => type === 'regular')
  cache.remove(removed.map(({ id }) => Number(id)))
  let freedBytes = 0
  for (const entry of chosen.filter(({ type }) => type !== 'regular')) {
    if (entry.type === 'exec.cachemount') await removeCache(machine, entry.id)
    else if (!(await contexts.remove(entry.id))) continue
    removed.push(entry)
    freedBytes += entry.sizeBytes
  }
  const collected = await machine.stores.gc.run()
  return { ids: removed.map(({ id }) => id), freedBytes: freedBytes + collected.freedBytes }
}

function keptBytes(
  { dataRoot }: BuildMachine,
  usage: readonly CacheUsage[],
  space: SpaceLimits | undefined,
): number | undefined {
  if (!space) return undefined
  const { bavail, bsize } = statfsSync(dataRoot)
  return bytesToKeep(space, { usedBytes: totalOf(usage), freeBytes: bavail * bsize })
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
