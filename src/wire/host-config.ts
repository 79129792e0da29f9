import { PortMap } from '#wire/endpoints.ts'
import {
  anything,
  bool,
  integer,
  list,
  nullable,
  partial,
  record,
  type Static,
  text,
} from '#wire/schema.ts'

export const RestartPolicyBody = partial({ Name: text, MaximumRetryCount: integer })
export type RestartPolicyBody = Static<typeof RestartPolicyBody>

export const LogConfig = partial({ Type: text, Config: nullable(record(text)) })
export type LogConfig = Static<typeof LogConfig>

export const DeviceMapping = partial({
  PathOnHost: text,
  PathInContainer: text,
  CgroupPermissions: text,
})
export type DeviceMapping = Static<typeof DeviceMapping>

/** A device's limit: bytes or operations each second. */
export const ThrottleDevice = partial({ Path: text, Rate: integer })
export type ThrottleDevice = Static<typeof ThrottleDevice>

export const WeightDevice = partial({ Path: text, Weight: integer })

export const UlimitBody = partial({ Name: text, Soft: integer, Hard: integer })
export type UlimitBody = Static<typeof UlimitBody>

/** The `--mount` form. Sizes in bytes, `Mode` as the number of its octal digits. */
export const MountBody = partial({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: bool,
  Consistency: text,
  BindOptions: nullable(
    partial({
      Propagation: text,
      NonRecursive: bool,
      CreateMountpoint: bool,
      ReadOnlyNonRecursive: bool,
      ReadOnlyForceRecursive: bool,
    }),
  ),
  VolumeOptions: nullable(
    partial({
      NoCopy: bool,
      Labels: nullable(record(text)),
      Subpath: text,
      DriverConfig: nullable(partial({ Name: text, Options: nullable(record(text)) })),
    }),
  ),
  TmpfsOptions: nullable(partial({ SizeBytes: integer, Mode: integer })),
})
export type MountBody = Static<typeof MountBody>

const texts = nullable(list(text))

/** The part of a container's settings that depends on the host. Memory in bytes, periods in microseconds. */
export const HostConfig = partial({
  Binds: texts,
  ContainerIDFile: text,
  LogConfig,
  NetworkMode: text,
  PortBindings: nullable(PortMap),
  RestartPolicy: RestartPolicyBody,
  AutoRemove: bool,
  VolumeDriver: text,
  VolumesFrom: texts,
  Mounts: nullable(list(MountBody)),
  ConsoleSize: list(integer),
  Annotations: nullable(record(text)),
  CapAdd: texts,
  CapDrop: texts,
  CgroupnsMode: text,
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text,
  Cgroup: text,
  Links: texts,
  OomScoreAdj: integer,
  PidMode: text,
  Privileged: bool,
  PublishAllPorts: bool,
  ReadonlyRootfs: bool,
  SecurityOpt: texts,
  StorageOpt: nullable(record(text)),
  Tmpfs: nullable(record(text)),
  UTSMode: text,
  UsernsMode: text,
  ShmSize: integer,
  Sysctls: nullable(record(text)),
  Runtime: text,
  Isolation: text,
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: text,
  BlkioWeight: integer,
  BlkioWeightDevice: nullable(list(WeightDevice)),
  BlkioDeviceReadBps: nullable(list(ThrottleDevice)),
  BlkioDeviceWriteBps: nullable(list(ThrottleDevice)),
  BlkioDeviceReadIOps: nullable(list(ThrottleDevice)),
  BlkioDeviceWriteIOps: nullable(list(ThrottleDevice)),
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: nullable(list(DeviceMapping)),
  DeviceCgroupRules: texts,
  DeviceRequests: nullable(list(anything)),
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: nullable(integer),
  OomKillDisable: nullable(bool),
  PidsLimit: nullable(integer),
  Ulimits: nullable(list(UlimitBody)),
  CpuCount: integer,
  CpuPercent: integer,
  IOMaximumIOps: integer,
  IOMaximumBandwidth: integer,
  Init: nullable(bool),
  MaskedPaths: texts,
  ReadonlyPaths: texts,
})
export type HostConfig = Static<typeof HostConfig>
