import { type Instant, secondsOf } from '#base/clock.ts'
import type { ContainerRecord, Health } from '#container/types.ts'
import {
  exposedPorts,
  type FindNetworkId,
  formatNetworkMode,
  toEndpointMap,
} from '#api/mapping/endpoints.ts'
import { toMountPoints } from '#api/mapping/mounts.ts'
import { toPortSummaries } from '#api/mapping/ports.ts'
import { formatStatus, runOf } from '#api/mapping/state.ts'
import type { ContainerSummary } from '#wire/containers.ts'

export interface SummaryFacts {
  readonly findNetworkId: FindNetworkId
  /** The health of a container that has a health check. */
  readonly findHealth: (id: string) => Health | undefined
}

/** One row of `GET /containers/json`. */
export function toContainerSummary(
  record: ContainerRecord,
  facts: SummaryFacts,
  at: Instant,
): ContainerSummary {
  return { ...lastingFields(record, facts.findNetworkId), ...agingFields(record, facts, at) }
}

function lastingFields(record: ContainerRecord, findNetworkId: FindNetworkId) {
  const { spec } = record
  const run = runOf(record)
  const bindings = run?.endpoints.flatMap((endpoint) => endpoint.ports) ?? []
  const hasAnnotations = Object.keys(spec.annotations).length > 0
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.imageName,
    ImageID: record.imageId,
    Command: formatCommand([...spec.entrypoint, ...spec.cmd]),
    Created: secondsOf(record.createdAt),
    Ports: run ? toPortSummaries(exposedPorts(record), bindings) : [],
    Labels: spec.labels,
    State: record.state.status,
    HostConfig: {
      NetworkMode: formatNetworkMode(spec.host.networkMode),
      ...(hasAnnotations ? { Annotations: spec.annotations } : {}),
    },
    NetworkSettings: { Networks: toEndpointMap(record, findNetworkId) },
    Mounts: toMountPoints(record),
  }
}

/** What changes while the record stays the same. */
function agingFields(record: ContainerRecord, { findHealth }: SummaryFacts, at: Instant) {
  const health = record.spec.healthcheck && runOf(record) ? findHealth(record.id) : undefined
  return {
    Status: formatStatus(record.state, at, health),
    Health: health
      ? { Status: health.status, FailingStreak: health.failingStreak }
      : { Status: 'none', FailingStreak: 0 },
  }
}

/** The command as one text: words with spaces are quoted, as Docker's list shows it. */
function formatCommand(words: readonly string[]): string {
  return words
    .map((word, index) => (index > 0 && word.includes(' ') ? `'${word}'` : word))
    .join(' ')
}

/**
 * JSON rows by record. Records are immutable, so that the text of one is kept for as
 * long as the record lives, save for the fields that age.
 */
export interface SummaryCache {
  /** The row of `record` as JSON text. */
  row(record: ContainerRecord, at: Instant): string
}

export function createSummaryCache(facts: SummaryFacts): SummaryCache {
  const heads = new WeakMap<ContainerRecord, string>()
  return {
    row(record, at) {
      let head = heads.get(record)
      if (head === undefined) {
        head = JSON.stringify(lastingFields(record, facts.findNetworkId)).slice(0, -1)
        heads.set(record, head)
      }
      return `${head},${JSON.stringify(agingFields(record, facts, at)).slice(1)}`
    },
  }
}
