import { ContainerConfig, HealthConfig } from '#wire/container-config.ts'
import {
  EndpointSettings,
  NetworkingConfig,
  NetworkSettings,
  PortSummary,
} from '#wire/endpoints.ts'
import { HostConfig } from '#wire/host-config.ts'
import {
  anything,
  bool,
  inOrder,
  integer,
  list,
  literals,
  nullable,
  object,
  record,
  type Static,
  text,
} from '#wire/schema.ts'

export { ContainerConfig, EndpointSettings, HealthConfig, HostConfig, NetworkingConfig }

/** `POST /containers/create`: the Config's own fields, with HostConfig and NetworkingConfig beside them. */
export const ContainerCreateBody = object(
  {},
  { ...ContainerConfig.properties, HostConfig, NetworkingConfig },
)
export type ContainerCreateBody = ContainerConfig & {
  readonly HostConfig?: HostConfig | undefined
  readonly NetworkingConfig?: NetworkingConfig | undefined
}

export const CreateResponse = object({ Id: text, Warnings: list(text) })
export type CreateResponse = Static<typeof CreateResponse>

/** `POST /containers/{id}/wait`, one object at the end of a response whose headers came at once. */
export const WaitResponse = object(
  { StatusCode: integer },
  { Error: nullable(object({ Message: text })) },
)
export type WaitResponse = Static<typeof WaitResponse>

export const TopResponse = object({ Titles: list(text), Processes: nullable(list(list(text))) })
export type TopResponse = Static<typeof TopResponse>

export const ContainerStatus = literals(
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
)
export type ContainerStatus = Static<typeof ContainerStatus>

export const MountPoint = inOrder(
  object(
    { Type: text, Source: text, Destination: text, Mode: text, RW: bool, Propagation: text },
    { Name: text, Driver: text },
  ),
  ['Type', 'Name', 'Source', 'Destination', 'Driver', 'Mode', 'RW', 'Propagation'],
)
export type MountPoint = Static<typeof MountPoint>

export const HealthcheckResult = object({ Start: text, End: text, ExitCode: integer, Output: text })
export type HealthcheckResult = Static<typeof HealthcheckResult>

export const Health = object({
  Status: literals('none', 'starting', 'healthy', 'unhealthy'),
  FailingStreak: integer,
  Log: list(HealthcheckResult),
})
export type Health = Static<typeof Health>

/** Instants are RFC 3339 texts; "never" is `0001-01-01T00:00:00Z`. */
export const ContainerStateBody = object(
  {
    Status: ContainerStatus,
    Running: bool,
    Paused: bool,
    Restarting: bool,
    OOMKilled: bool,
    Dead: bool,
    Pid: integer,
    ExitCode: integer,
    Error: text,
    StartedAt: text,
    FinishedAt: text,
  },
  { Health },
)
export type ContainerStateBody = Static<typeof ContainerStateBody>

/** One row of `GET /containers/json`. `Created` is in Unix seconds. */
export const ContainerSummary = object(
  {
    Id: text,
    Names: list(text),
    Image: text,
    ImageID: text,
    Command: text,
    Created: integer,
    Ports: list(PortSummary),
    Labels: record(text),
    State: ContainerStatus,
    Status: text,
    HostConfig: object({ NetworkMode: text }, { Annotations: record(text) }),
    NetworkSettings: object({ Networks: record(EndpointSettings) }),
    Mounts: list(MountPoint),
  },
  {
    SizeRw: integer,
    SizeRootFs: integer,
    Health: object({ Status: text, FailingStreak: integer }),
  },
)
export type ContainerSummary = Static<typeof ContainerSummary>

/** The storage driver's facts as clients before 1.52 read them. */
export const GraphDriver = object({ Name: text, Data: nullable(record(text)) })
export type GraphDriver = Static<typeof GraphDriver>

/** `GET /containers/{id}/json`. */
export const ContainerInspect = object(
  {
    Id: text,
    Created: text,
    Path: text,
    Args: list(text),
    State: ContainerStateBody,
    Image: text,
    ResolvConfPath: text,
    HostnamePath: text,
    HostsPath: text,
    LogPath: text,
    Name: text,
    RestartCount: integer,
    Driver: text,
    Platform: text,
    MountLabel: text,
    ProcessLabel: text,
    AppArmorProfile: text,
    ExecIDs: nullable(list(text)),
    HostConfig,
    Mounts: list(MountPoint),
    Config: ContainerConfig,
    NetworkSettings,
  },
  { GraphDriver, Storage: anything, SizeRw: nullable(integer), SizeRootFs: nullable(integer) },
)
export type ContainerInspect = Static<typeof ContainerInspect>

export const ContainersPruneResponse = object({
  ContainersDeleted: nullable(list(text)),
  SpaceReclaimed: integer,
})
export type ContainersPruneResponse = Static<typeof ContainersPruneResponse>
