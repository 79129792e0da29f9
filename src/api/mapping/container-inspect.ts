import { formatInstant } from '#base/clock.ts'
import type { ContainerDetails, ContainerRecord } from '#container/types.ts'
import { toContainerConfig } from '#api/mapping/container-config.ts'
import { type FindNetworkId, toNetworkSettings } from '#api/mapping/endpoints.ts'
import { toHostConfig } from '#api/mapping/host-config.ts'
import { toMountPoints } from '#api/mapping/mounts.ts'
import { toStateBody } from '#api/mapping/state.ts'
import type { ContainerInspect } from '#wire/containers.ts'

export interface InspectFacts {
  readonly details: ContainerDetails
  readonly sandboxKey: string
  readonly storageDriver: string
  /** What runs containers that name no runtime. */
  readonly defaultRuntime: string
  /** API version 1.51 or older: legacy addresses and `GraphDriver`. */
  readonly isLegacy: boolean
  readonly findNetworkId: FindNetworkId
}

/** `GET /containers/{id}/json`. */
export function toContainerInspect(record: ContainerRecord, facts: InspectFacts): ContainerInspect {
  const { spec } = record
  const { details } = facts
  const [path = '', ...args] = [...spec.entrypoint, ...spec.cmd]
  return {
    Id: record.id,
    Created: formatInstant(record.createdAt),
    Path: path,
    Args: args,
    State: toStateBody(record.state, details.health),
    Image: record.imageId,
    ResolvConfPath: details.resolvConfPath,
    HostnamePath: details.hostnamePath,
    HostsPath: details.hostsPath,
    LogPath: details.logPath ?? '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: facts.storageDriver,
    Platform: spec.platform?.os ?? 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: details.execIds.length > 0 ? details.execIds : null,
    HostConfig: toHostConfig(spec, facts.defaultRuntime),
    ...storageFields(facts),
    Mounts: toMountPoints(record),
    Config: toContainerConfig(record),
    NetworkSettings: toNetworkSettings(record, facts.findNetworkId, {
      hasLegacyFields: facts.isLegacy,
      sandboxKey: facts.sandboxKey,
    }),
  }
}

function storageFields({ details, isLegacy, storageDriver }: InspectFacts) {
  if (!isLegacy) return { Storage: { RootFS: { Snapshot: { Name: storageDriver } } } }
  const { filesystem } = details
  const Data = filesystem
    ? {
        LowerDir: filesystem.lowerDirs.join(':'),
        MergedDir: filesystem.mergedDir,
        UpperDir: filesystem.upperDir,
        WorkDir: filesystem.workDir,
      }
    : null
  return { GraphDriver: { Name: storageDriver, Data } }
}
