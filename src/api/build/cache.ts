/** The build cache over the API: prune, disk usage, history. */
import { formatInstant, millisOf, now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import type { BuildHistoryEntry, CacheUsage } from '#build/types.ts'
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
  const number = (name: string) => queryInteger(call, name) ?? 0
  const usage = await call.engine.builder.diskUsage()
  const chosen = hasSelection(filters)
    ? usage.filter((record) => matchesPrune(record, filters)).map(({ id }) => id)
    : undefined
  const outcome = await call.engine.builder.prune({
    isAll,
    ...unusedFor(filters),
    space: {
      reservedBytes: number('reserved-space') || number('keep-storage'),
      maxUsedBytes: number('max-used-space'),
      minFreeBytes: number('min-free-space'),
    },
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
        return record.isInUse === isTrue(values)
      case 'shared':
        return record.isShared === isTrue(values)
      case 'private':
        return record.isShared !== isTrue(values)
      case 'parent':
        // Records do not tell their parents.
        return false
      default:
        return true
    }
  })
}

/** A flag without a value is set. */
function isTrue(values: readonly string[]): boolean {
  return !values.some((value) => /^(?:0|f|false)$/i.test(value))
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
