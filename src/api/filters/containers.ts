import { EngineError } from '#base/errors.ts'
import type { ContainerRecord } from '#container/types.ts'
import type { Engine } from '#engine/types.ts'
import { matchesLabels } from '#api/filters/labels.ts'
import { exposedPorts } from '#api/mapping/endpoints.ts'
import { parsePortKey } from '#api/mapping/ports.ts'
import { exitCodeOf, runOf } from '#api/mapping/state.ts'
import type { Filters } from '#wire/filters.ts'
import { parseQueryBool } from '#wire/bool.ts'

export const containerFilterKeys = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
] as const

const statuses = new Set([
  'created',
  'restarting',
  'running',
  'removing',
  'paused',
  'exited',
  'dead',
])

type Predicate = (record: ContainerRecord) => boolean
type FilterEngine = Pick<Engine, 'containers' | 'images' | 'networks'>

/**
 * Turns list filters into one predicate; looks named containers and images up once.
 * @throws EngineError invalid_argument; not_found for `before`/`since` containers
 */
export function containerPredicate(engine: FilterEngine, filters: Filters): Predicate {
  const predicates = Object.entries(filters).map(([key, values]) =>
    predicateOf(engine, key, values),
  )
  return (record) => predicates.every((matches) => matches(record))
}

function predicateOf(engine: FilterEngine, key: string, values: readonly string[]): Predicate {
  switch (key) {
    case 'id':
      return anyOf(values, (record, value) => record.id.startsWith(value))
    case 'name':
      return nameMatches(values)
    case 'label':
      return (record) => matchesLabels(record.spec.labels, values)
    case 'status':
      return statusMatches(values)
    case 'exited':
      return exitMatches(values)
    case 'ancestor':
      return ancestorMatches(engine, values)
    case 'before':
    case 'since':
      return orderMatches(engine, key, values)
    case 'network':
      return networkMatches(engine, values)
    case 'volume':
      return anyOf(values, usesVolume)
    case 'publish':
    case 'expose':
      return portMatches(key, values)
    case 'health':
      return healthMatches(engine, values)
    case 'is-task':
      return () => values.some((value) => !parseQueryBool(value))
    default:
      return () => true
  }
}

function anyOf(
  values: readonly string[],
  matches: (record: ContainerRecord, value: string) => boolean,
): Predicate {
  return (record) => values.some((value) => matches(record, value))
}

/** Names match as regular expressions, with the leading slash or without. */
function nameMatches(values: readonly string[]): Predicate {
  const patterns = values.map(parsePattern)
  return ({ name }) => patterns.some((pattern) => pattern.test(name) || pattern.test(`/${name}`))
}

/** @throws EngineError invalid_argument */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new EngineError('invalid_argument', `invalid filter 'name=${text}'`, { cause: error })
  }
}

function statusMatches(values: readonly string[]): Predicate {
  const wrong = values.find((value) => !statuses.has(value))
  if (wrong !== undefined) {
    throw new EngineError('invalid_argument', `invalid filter 'status=${wrong}'`)
  }
  return ({ state }) => values.includes(state.status)
}

function exitMatches(values: readonly string[]): Predicate {
  const wrong = values.find((value) => !/^\d+$/.test(value))
  if (wrong !== undefined) {
    throw new EngineError('invalid_argument', `invalid filter 'exited=${wrong}'`)
  }
  const codes = new Set(values.map(Number))
  return ({ state }) => {
    const code = exitCodeOf(state)
    return code !== undefined && state.status !== 'created' && codes.has(code)
  }
}

function healthMatches(engine: FilterEngine, values: readonly string[]): Predicate {
  return ({ id, spec }) => {
    const health = spec.healthcheck ? engine.containers.details(id).health : undefined
    return values.includes(health?.status ?? 'none')
  }
}

function ancestorMatches(engine: FilterEngine, values: readonly string[]): Predicate {
  const ids = new Set(values.map((value) => engine.images.find(value)?.id))
  return ({ imageId, imageName }) =>
    values.includes(imageName) || [...ids].some((id) => id === imageId)
}

function orderMatches(
  engine: FilterEngine,
  key: 'before' | 'since',
  values: readonly string[],
): Predicate {
  const [value = ''] = values
  const { createdAt, id } = engine.containers.get(value)
  return (record) => {
    if (record.id === id) return false
    return key === 'before' ? record.createdAt < createdAt : record.createdAt > createdAt
  }
}

function networkMatches(engine: FilterEngine, values: readonly string[]): Predicate {
  const names = new Set(
    engine.networks
      .list()
      .filter(
        ({ id, name }) => values.includes(name) || values.some((value) => id.startsWith(value)),
      )
      .map(({ name }) => name),
  )
  return (record) => {
    const { networkMode } = record.spec.host
    const wished = networkMode.type === 'network' ? networkMode.name : networkMode.type
    const endpoints = runOf(record)?.endpoints ?? []
    return names.has(wished) || endpoints.some(({ networkName }) => names.has(networkName))
  }
}

function usesVolume(record: ContainerRecord, value: string): boolean {
  return record.mounts.some(
    (mount) => mount.target === value || (mount.type === 'volume' && mount.volume === value),
  )
}

function portMatches(key: 'publish' | 'expose', values: readonly string[]): Predicate {
  const filters = values.map(parsePortKey)
  return (record) => {
    const published = runOf(record)?.endpoints.flatMap(({ ports }) => ports) ?? []
    const ports =
      key === 'expose'
        ? exposedPorts(record)
        : published.map(({ hostPort, protocol }) => ({ port: hostPort, protocol }))
    return filters.some(({ range, protocol }) =>
      ports.some(
        (port) => port.port >= range.first && port.port <= range.last && port.protocol === protocol,
      ),
    )
  }
}
