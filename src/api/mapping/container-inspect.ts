import { formatInstant } from '#base/clock.ts'
import type { ContainerPaths } from '#container/paths.ts'
import type { ContainerRecord } from '#container/types.ts'
import { toContainerConfig } from '#api/mapping/container-config.ts'
import { type FindNetworkId, toNetworkSettings } from '#api/mapping/endpoints.ts'
import { toHostConfig } from '#api/mapping/host-config.ts'
import { toMountPoint } from '#api/mapping/mounts.ts'
import { toStateBody } from '#api/mapping/state.ts'
import type { ContainerInspect } from '#wire/containers.ts'

export interface InspectFacts {
  /** Where the engine keeps the container's files. */
  readonly paths: ContainerPaths
  readonly sandboxKey: string
  readonly storageDriver: string
  /** API version 1.51 or older: legacy addresses and `GraphDriver`. */
  readonly isLegacy: boolean
  readonly findNetworkId: FindNetworkId
  readonly execIds: readonly string[]
}

/** `GET /containers/{id}/json`. */
export function toContainerInspect(record: ContainerRecord, facts: InspectFacts): ContainerInspect {
  const { spec } = record
  const { paths } = facts
  const [path = '', ...args] = [...spec.entrypoint, ...spec.cmd]
  return {
    Id: record.id,
    Created: formatInstant(record.createdAt),
    Path: path,
    Args: args,
    State: toStateBody(record.state),
    Image: record.imageId,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: spec.host.logDriver.type === 'none' ? '' : paths.log,
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: facts.storageDriver,
    Platform: spec.platform?.os ?? 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: facts.execIds.length > 0 ? facts.execIds : null,
    HostConfig: toHostConfig(spec.host, spec.annotations),
    ...(facts.isLegacy ? { GraphDriver: { Name: facts.storageDriver, Data: null } } : {}),
    Mounts: record.mounts.map(toMountPoint),
    Config: toContainerConfig(record),
    NetworkSettings: toNetworkSettings(record, facts.findNetworkId, {
      hasLegacyFields: facts.isLegacy,
      sandboxKey: facts.sandboxKey,
    }),
  }
}
