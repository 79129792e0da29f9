/** The build cache over the API: prune, disk usage, history. */
import { formatInstant, instantFromMillis, millisOf, now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import type { BuildHistoryEntry, CacheUsage } from '#build/types.ts'
import type { Engine } from '#engine/types.ts'
import { type Answer, empty, json } from '#api/answer.ts'
import { type Call, pathParam, queryBool, queryInteger, queryText } from '#api/call.ts'
import { cancelBuild } from '#api/build/running.ts'
import { parseUntil } from '#api/filters/time.ts'
import type { BuildCacheRecord, BuildPruneResponse, BuildRecord } from '#wire/build.ts'
import { type Filters, parseFilters } from '#wire/filters.ts'

const pruneFilterKeys = [
  'id',
  'parent',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
  'until',
  'unused-for',
]

export async function pruneBuildCache(call: Call): Promise<Answer> {
  const filters = parseFilters(call.query.get('filters'), pruneFilterKeys)
  const isAll = queryBool(call, 'all')
  const keepBytes =
    queryInteger(call, 'max-used-space') ??
    queryInteger(call, 'reserved-space') ??
    queryInteger(call, 'keep-storage')
  const usage = await cacheUsage(call.engine)
  const chosen = hasSelection(filters)
    ? usage.filter((record) => matchesPrune(record, filters)).map(({ id }) => id)
    : undefined
  const outcome = await call.engine.builder.prune({
    isAll,
    ...unusedFor(filters),
    ...(keepBytes === undefined || keepBytes === 0 ? {} : { keepBytes }),
    ...(chosen === undefined ? {} : { ids: chosen }),
  })
  call.engine.events.publish({
    type: 'builder',
    action: 'prune',
    actorId: '',
    attributes: { reclaimed: outcome.freedBytes.toString() },
  })
  return json({
    CachesDeleted: outcome.ids.length > 0 ? outcome.ids : null,
    SpaceReclaimed: outcome.freedBytes,
  } satisfies BuildPruneResponse)
}

function unusedFor(filters: Filters): { readonly unusedForMs?: number } {
  const [limit] = filters['unused-for'] ?? filters['until'] ?? []
  if (limit === undefined) return {}
  const at = now()
  return { unusedForMs: Math.max(0, millisOf(at) - millisOf(parseUntil(limit, at))) }
}

function hasSelection(filters: Filters): boolean {
  return Object.keys(filters).some((key) => key !== 'until' && key !== 'unused-for')
}

function matchesPrune(record: CacheUsage, filters: Filters): boolean {
  return Object.entries(filters).every(([key, values]) => {
    switch (key) {
      case 'id':
        return values.some((value) => record.id.startsWith(value))
      case 'type':
        return values.includes(record.type)
      case 'description':
        return values.some((value) => record.description.includes(value))
      case 'inuse':
        return record.isInUse
      case 'shared':
        return record.isShared
      case 'private':
        return !record.isShared
      default:
        return true
    }
  })
}

/** Steps, cache mounts and kept contexts. */
export async function cacheUsage(engine: Engine): Promise<readonly CacheUsage[]> {
  const contexts = await engine.buildContexts.list()
  return [
    ...engine.builder.diskUsage(),
    ...contexts.map(({ id, sizeBytes, lastUsedMs, isInUse }): CacheUsage => {
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
    }),
  ]
}

export function toCacheRecord(usage: CacheUsage): BuildCacheRecord {
  return {
    ID: usage.id,
    Parents: null,
    Type: usage.type,
    Description: usage.description,
    InUse: usage.isInUse,
    Shared: usage.isShared,
    Size: usage.sizeBytes,
    CreatedAt: formatInstant(usage.createdAt),
    LastUsedAt: formatInstant(usage.lastUsedAt),
    UsageCount: usage.useCount,
  }
}

export function postCancel(call: Call): Answer {
  const id = queryText(call, 'id')
  if (id === undefined) throw new EngineError('invalid_argument', 'build ID not provided')
  cancelBuild(call.engine, id)
  return empty(200)
}

export function listBuilds(call: Call): Answer {
  return json(call.engine.builder.history.list().map(toBuildRecord))
}

export function inspectBuild(call: Call): Answer {
  return json(toBuildRecord(call.engine.builder.history.get(pathParam(call, 'id'))))
}

export function buildLogs(call: Call): Answer {
  const { history } = call.engine.builder
  const { buildId } = history.get(pathParam(call, 'id'))
  return {
    type: 'stream',
    contentType: 'text/plain; charset=utf-8',
    flush: 'first-chunk',
    chunks: history.logs(buildId),
  }
}

function toBuildRecord(entry: BuildHistoryEntry): BuildRecord {
  return {
    Id: entry.buildId,
    Name: entry.name,
    Status: entry.status,
    StartedAt: formatInstant(entry.startedAt),
    TotalSteps: entry.totalSteps,
    CachedSteps: entry.cachedSteps,
    ...(entry.finishedAt === undefined ? {} : { FinishedAt: formatInstant(entry.finishedAt) }),
    ...(entry.imageId === undefined ? {} : { ImageId: entry.imageId }),
    ...(entry.error === undefined ? {} : { Error: entry.error }),
  }
}
