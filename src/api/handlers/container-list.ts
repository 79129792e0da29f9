import { now } from '#base/clock.ts'
import { errorKind } from '#base/errors.ts'
import type { ContainerRecord } from '#container/types.ts'
import { type Answer, json } from '#api/answer.ts'
import { type Call, queryBool, queryInteger } from '#api/call.ts'
import { containerFilterKeys, containerPredicate } from '#api/filters/containers.ts'
import { toContainerSummary } from '#api/mapping/container-summary.ts'
import { summaryFacts } from '#api/facts.ts'
import type { ContainerSummary } from '#wire/containers.ts'
import { parseFilters } from '#wire/filters.ts'

/** `GET /containers/json`: newest first, running ones unless asked otherwise, from memory. */
export async function listContainers(call: Call): Promise<Answer> {
  const filters = parseFilters(call.query.get('filters'), containerFilterKeys)
  const matches = containerPredicate(call.engine, filters)
  const limit = queryInteger(call, 'limit') ?? -1
  // Some filters are about containers that do not run, and so imply `all`.
  const isAll = queryBool(call, 'all') || limit > 0 || 'status' in filters || 'exited' in filters
  const found = call.engine.containers
    .list()
    .filter((record) => (isAll || isUp(record)) && matches(record))
    .toSorted(newestFirst)
  const shown = limit > 0 ? found.slice(0, limit) : found
  if (queryBool(call, 'size')) return json(await listWithSizes(call, shown))
  const at = now()
  const rows = shown.map((record) => call.summaries.row(record, at))
  return { type: 'json-text', status: 200, text: `[${rows.join(',')}]` }
}

export function listSummaries(
  call: Call,
  records: readonly ContainerRecord[],
): readonly ContainerSummary[] {
  const at = now()
  const facts = summaryFacts(call.engine)
  return records.map((record) => toContainerSummary(record, facts, at))
}

/** Rows with what each container has written; a container that goes meanwhile is left out. */
export async function listWithSizes(
  call: Call,
  records: readonly ContainerRecord[],
): Promise<readonly ContainerSummary[]> {
  const sized = listSummaries(call, records).map(async (row) => {
    try {
      const { writableBytes, rootfsBytes } = await call.engine.containers.sizes(row.Id)
      const written = writableBytes === 0 ? {} : { SizeRw: writableBytes }
      return [{ ...row, ...written, SizeRootFs: rootfsBytes }]
    } catch (error) {
      if (errorKind(error) === 'not_found') return []
      throw error
    }
  })
  return (await Promise.all(sized)).flat()
}

function isUp({ state }: ContainerRecord): boolean {
  return state.status === 'running' || state.status === 'paused' || state.status === 'restarting'
}

function newestFirst(a: ContainerRecord, b: ContainerRecord): number {
  if (a.createdAt === b.createdAt) return 0
  return a.createdAt > b.createdAt ? -1 : 1
}
