import { type Instant, secondsOf } from '#base/clock.ts'
import type { ContainerRecord } from '#container/types.ts'
import {
  exposedPorts,
  type FindNetworkId,
  formatNetworkMode,
  toEndpointMap,
} from '#api/mapping/endpoints.ts'
import { toMountPoint } from '#api/mapping/mounts.ts'
import { toPortSummaries } from '#api/mapping/ports.ts'
import { formatStatus, runOf } from '#api/mapping/state.ts'
import type { ContainerSummary } from '#wire/containers.ts'

/** One row of `GET /containers/json`. */
export function toContainerSummary(
  record: ContainerRecord,
  findNetworkId: FindNetworkId,
  at: Instant,
): ContainerSummary {
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
    Status: formatStatus(record.state, at),
    HostConfig: {
      NetworkMode: formatNetworkMode(spec.host.networkMode),
      ...(hasAnnotations ? { Annotations: spec.annotations } : {}),
    },
    NetworkSettings: { Networks: toEndpointMap(record, findNetworkId) },
    Mounts: record.mounts.map(toMountPoint),
  }
}

/** The command as one text: words with spaces are quoted, as Docker's list shows it. */
function formatCommand(words: readonly string[]): string {
  return words
    .map((word, index) => (index > 0 && word.includes(' ') ? `'${word}'` : word))
    .join(' ')
}

/**
 * JSON rows by record. Records are immutable, so the text of one is kept for as
 * long as the record lives, save for `Status`, which ages.
 */
export interface SummaryCache {
  /** The row of `record` as JSON text. */
  row(record: ContainerRecord, at: Instant): string
}

export function createSummaryCache(findNetworkId: FindNetworkId): SummaryCache {
  const heads = new WeakMap<ContainerRecord, string>()

  /** The row up to the value of `Status`. */
  function makeHead(record: ContainerRecord, at: Instant): string {
    const { Status: _, ...rest } = toContainerSummary(record, findNetworkId, at)
    return `${JSON.stringify(rest).slice(0, -1)},"Status":`
  }

  return {
    row(record, at) {
      let head = heads.get(record)
      if (head === undefined) heads.set(record, (head = makeHead(record, at)))
      return `${head}${JSON.stringify(formatStatus(record.state, at))}}`
    },
  }
}
