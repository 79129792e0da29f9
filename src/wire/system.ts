import { ContainerSummary } from '#wire/containers.ts'
import { ImageSummary } from '#wire/images.ts'
import {
  anything,
  bool,
  integer,
  list,
  nullable,
  object,
  partial,
  record,
  type Static,
  text,
} from '#wire/schema.ts'
import { VolumeBody } from '#wire/volumes.ts'

/** `GET /version`. */
export const Version = object(
  {
    Platform: object({ Name: text }),
    Components: list(object({ Name: text, Version: text, Details: nullable(record(text)) })),
    Version: text,
    ApiVersion: text,
    MinAPIVersion: text,
    GitCommit: text,
    GoVersion: text,
    Os: text,
    Arch: text,
    KernelVersion: text,
    BuildTime: text,
  },
  { Experimental: bool },
)
export type Version = Static<typeof Version>

/** What `version` shows of the command line itself. */
const ClientVersion = object({
  Platform: object({ Name: text }),
  Version: text,
  ApiVersion: text,
  DefaultAPIVersion: text,
  GitCommit: text,
  GoVersion: text,
  Os: text,
  Arch: text,
  BuildTime: text,
  Context: text,
})

/** The object that templates of `version` see. */
export const ClientAndServer = object({ Client: ClientVersion, Server: nullable(Version) })

/** `GET /info`. */
export const Info = object(
  {
    ID: text,
    Containers: integer,
    ContainersRunning: integer,
    ContainersPaused: integer,
    ContainersStopped: integer,
    Images: integer,
    Driver: text,
    DriverStatus: list(list(text)),
    Plugins: object({
      Volume: nullable(list(text)),
      Network: nullable(list(text)),
      Authorization: nullable(list(text)),
      Log: nullable(list(text)),
    }),
    MemoryLimit: bool,
    SwapLimit: bool,
    CpuCfsPeriod: bool,
    CpuCfsQuota: bool,
    CPUShares: bool,
    CPUSet: bool,
    PidsLimit: bool,
    IPv4Forwarding: bool,
    Debug: bool,
    NFd: integer,
    OomKillDisable: bool,
    NGoroutines: integer,
    SystemTime: text,
    LoggingDriver: text,
    CgroupDriver: text,
    CgroupVersion: text,
    NEventsListener: integer,
    KernelVersion: text,
    OperatingSystem: text,
    OSVersion: text,
    OSType: text,
    Architecture: text,
    IndexServerAddress: text,
    RegistryConfig: anything,
    NCPU: integer,
    MemTotal: integer,
    GenericResources: nullable(list(anything)),
    DockerRootDir: text,
    HttpProxy: text,
    HttpsProxy: text,
    NoProxy: text,
    Name: text,
    Labels: list(text),
    ExperimentalBuild: bool,
    ServerVersion: text,
    Runtimes: record(object({ path: text }, { runtimeArgs: list(text) })),
    DefaultRuntime: text,
    Swarm: object({ NodeID: text, NodeAddr: text, LocalNodeState: text }, {}),
    LiveRestoreEnabled: bool,
    Isolation: text,
    InitBinary: text,
    ContainerdCommit: object({ ID: text }),
    RuncCommit: object({ ID: text }),
    InitCommit: object({ ID: text }),
    SecurityOptions: list(text),
    Warnings: nullable(list(text)),
  },
  { DefaultAddressPools: list(object({ Base: text, Size: integer })), ProductLicense: text },
)
export type Info = Static<typeof Info>

/** `POST /auth`, and the JSON inside `X-Registry-Auth`. */
export const AuthConfig = partial({
  username: text,
  password: text,
  auth: text,
  email: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
})
export type AuthConfig = Static<typeof AuthConfig>

export const AuthResponse = object({ Status: text, IdentityToken: text })
export type AuthResponse = Static<typeof AuthResponse>

/** `GET /system/df` in the form of clients up to 1.51. */
export const DiskUsage = object({
  LayersSize: integer,
  Images: nullable(list(ImageSummary)),
  Containers: nullable(list(ContainerSummary)),
  Volumes: nullable(list(VolumeBody)),
  BuildCache: nullable(list(anything)),
})
export type DiskUsage = Static<typeof DiskUsage>
