import type {
  BlkioDevice,
  ContainerSpec,
  DeviceRequest,
  HostSpec,
  MountRequest,
  Resources,
  RestartPolicy,
} from '#container/types.ts'
import { formatNetworkMode } from '#api/mapping/endpoints.ts'
import { toPortMap } from '#api/mapping/ports.ts'
import { defaultMaskedPaths, defaultReadonlyPaths } from '#runtime/spec/paths.ts'
import type { HostConfig } from '#wire/containers.ts'
import type { MountBody, RestartPolicyBody } from '#wire/host-config.ts'

/** `HostConfig` of inspect. */
export function toHostConfig(
  { host, annotations }: ContainerSpec,
  defaultRuntime: string,
): HostConfig {
  return {
    ...storageFields(host),
    ...networkFields(host),
    ...securityFields(host),
    ...resourceFields(host.resources),
    ContainerIDFile: '',
    LogConfig: { Type: host.logDriver.type, Config: host.logDriver.options },
    RestartPolicy: toRestartPolicyBody(host.restartPolicy),
    AutoRemove: host.isAutoRemove,
    ConsoleSize: [host.consoleSize?.rows ?? 0, host.consoleSize?.columns ?? 0],
    ...(Object.keys(annotations).length > 0 ? { Annotations: annotations } : {}),
    CgroupnsMode: host.cgroupNamespace,
    CgroupParent: host.cgroupParent,
    IpcMode: host.ipcMode === '' ? 'private' : host.ipcMode,
    PidMode: host.pidMode,
    UTSMode: host.utsMode,
    UsernsMode: host.usernsMode,
    Cgroup: '',
    OomScoreAdj: host.oomScoreAdj,
    Runtime: host.runtime ?? defaultRuntime,
    Isolation: '',
    Init: host.hasInit ? true : null,
  }
}

function storageFields(host: HostSpec) {
  return {
    Binds: orNull(host.binds),
    ...(host.mounts.length > 0 ? { Mounts: host.mounts.map(toMountBody) } : {}),
    ...(Object.keys(host.tmpfs).length > 0 ? { Tmpfs: host.tmpfs } : {}),
    VolumeDriver: '',
    VolumesFrom: orNull(host.volumesFrom ?? []),
    ReadonlyRootfs: host.isReadonlyRootfs,
    ShmSize: host.shmSizeBytes,
  }
}

function networkFields(host: HostSpec) {
  return {
    NetworkMode: formatNetworkMode(host.networkMode),
    PortBindings: toPortMap(host.ports),
    PublishAllPorts: host.publishAllPorts,
    Dns: host.dns,
    DnsOptions: host.dnsOptions,
    DnsSearch: host.dnsSearch,
    ExtraHosts: orNull(host.extraHosts),
    Links: null,
  }
}

function securityFields(host: HostSpec) {
  return {
    CapAdd: orNull(host.capAdd),
    CapDrop: orNull(host.capDrop),
    GroupAdd: orNull(host.groupAdd),
    Privileged: host.isPrivileged,
    SecurityOpt: orNull(host.securityOpt),
    ...(Object.keys(host.sysctls).length > 0 ? { Sysctls: host.sysctls } : {}),
    Devices: host.devices.map(toDeviceMapping),
    DeviceCgroupRules: orNull(host.deviceCgroupRules),
    DeviceRequests: null,
    Ulimits: host.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    MaskedPaths: host.maskedPaths ?? (host.isPrivileged ? null : defaultMaskedPaths()),
    ReadonlyPaths: host.readonlyPaths ?? (host.isPrivileged ? null : defaultReadonlyPaths),
  }
}

function resourceFields(resources: Resources) {
  return {
    CpuShares: resources.cpuShares,
    Memory: resources.memoryBytes,
    NanoCpus: resources.nanoCpus,
    BlkioWeight: resources.blkioWeight,
    ...blkioFields(resources),
    CpuPeriod: resources.cpuPeriodUs,
    CpuQuota: resources.cpuQuotaUs,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: resources.cpusetCpus,
    CpusetMems: resources.cpusetMems,
    MemoryReservation: resources.memoryReservationBytes,
    MemorySwap: resources.memorySwapBytes,
    MemorySwappiness: resources.memorySwappiness ?? null,
    OomKillDisable: resources.isOomKillDisabled,
    PidsLimit: resources.pidsLimit ?? null,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  }
}

function blkioFields({ blkioDevices = [] }: Resources) {
  const throttles = (wanted: BlkioDevice['limit']) => {
    const devices = blkioDevices.filter(({ limit }) => limit === wanted)
    return devices.length > 0
      ? devices.map(({ path, value }) => ({ Path: path, Rate: value }))
      : null
  }
  return {
    BlkioWeightDevice: blkioDevices
      .filter(({ limit }) => limit === 'weight')
      .map(({ path, value }) => ({ Path: path, Weight: value })),
    BlkioDeviceReadBps: throttles('readBps'),
    BlkioDeviceWriteBps: throttles('writeBps'),
    BlkioDeviceReadIOps: throttles('readIops'),
    BlkioDeviceWriteIOps: throttles('writeIops'),
  }
}

function toRestartPolicyBody(policy: RestartPolicy): RestartPolicyBody {
  return {
    Name: policy.name,
    MaximumRetryCount: policy.name === 'on-failure' ? policy.maximumRetryCount : 0,
  }
}

function toDeviceMapping(device: DeviceRequest) {
  return {
    PathOnHost: device.hostPath,
    PathInContainer: device.containerPath,
    CgroupPermissions: device.permissions,
  }
}

function toMountBody(mount: MountRequest): MountBody {
  const body = {
    Type: mount.type,
    ...(mount.source === undefined ? {} : { Source: mount.source }),
    Target: mount.target,
    ...(mount.isReadOnly ? { ReadOnly: true } : {}),
  }
  switch (mount.type) {
    case 'bind':
      return {
        ...body,
        ...member('BindOptions', {
          Propagation: mount.propagation,
          CreateMountpoint: mount.createsSource,
          NonRecursive: mount.isNonRecursive,
          ReadOnlyNonRecursive: mount.keepsSubmounts,
        }),
      }
    case 'volume':
      return {
        ...body,
        ...member('VolumeOptions', {
          NoCopy: mount.noCopy,
          Subpath: mount.subpath,
          Labels: mount.labels,
        }),
      }
    case 'tmpfs':
      return {
        ...body,
        ...member('TmpfsOptions', { SizeBytes: mount.tmpfsSizeBytes, Mode: mount.tmpfsMode }),
      }
  }
}

/** The options under their name, unless none of them is set. */
function member<Name extends string, Options extends object>(name: Name, options: Options) {
  const isSet = Object.values(options).some((value) => value !== undefined)
  return isSet ? { [name]: options } : {}
}

function orNull(values: readonly string[]): readonly string[] | null {
  return values.length > 0 ? values : null
}
