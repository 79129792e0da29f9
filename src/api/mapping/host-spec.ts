import { EngineError } from '#base/errors.ts'
import type {
  DeviceRequest,
  HostSpec,
  NetworkMode,
  Resources,
  RestartPolicy,
  Ulimit,
} from '#container/types.ts'
import { toMountRequest } from '#api/mapping/mount-request.ts'
import { parsePortBindings } from '#api/mapping/ports.ts'
import { checkSupported } from '#api/mapping/unsupported.ts'
import type { EndpointSettings, HostConfig } from '#wire/containers.ts'
import type { DeviceMapping, RestartPolicyBody, UlimitBody } from '#wire/host-config.ts'

/** Docker's default size of `/dev/shm`. */
const defaultShmBytes = 64 * 1024 * 1024

export interface HostDefaults {
  readonly logDriver: string
  readonly logOptions: Readonly<Record<string, string>>
}

/**
 * Reads HostConfig and the settings of the endpoint that the container starts with.
 * @throws EngineError invalid_argument, not_implemented for settings that the engine cannot honour
 */
export function toHostSpec(
  config: HostConfig,
  endpoint: EndpointSettings,
  defaults: HostDefaults,
): HostSpec {
  checkSupported(config)
  const ipv4Address = endpoint.IPAMConfig?.IPv4Address
  const macAddress = endpoint.MacAddress
  return {
    ...toStorageSpec(config),
    ...toSecuritySpec(config),
    ...toNamespaceSpec(config),
    networkMode: parseNetworkMode(config.NetworkMode ?? ''),
    networkAliases: endpoint.Aliases ?? [],
    ...(ipv4Address ? { ipv4Address } : {}),
    ...(macAddress ? { macAddress } : {}),
    ports: parsePortBindings(config.PortBindings ?? {}),
    publishAllPorts: config.PublishAllPorts ?? false,
    restartPolicy: toRestartPolicy(config.RestartPolicy ?? {}),
    isAutoRemove: config.AutoRemove ?? false,
    hasInit: config.Init ?? false,
    extraHosts: config.ExtraHosts ?? [],
    dns: config.Dns ?? [],
    dnsSearch: config.DnsSearch ?? [],
    dnsOptions: config.DnsOptions ?? [],
    resources: toResources(config),
    oomScoreAdj: config.OomScoreAdj ?? 0,
    cgroupParent: config.CgroupParent ?? '',
    ...(config.Runtime ? { runtime: config.Runtime } : {}),
    logDriver: toLogDriver(config, defaults),
    ...toConsoleSize(config.ConsoleSize),
  }
}

function toStorageSpec(config: HostConfig) {
  return {
    binds: config.Binds ?? [],
    mounts: (config.Mounts ?? []).map(toMountRequest),
    tmpfs: config.Tmpfs ?? {},
    isReadonlyRootfs: config.ReadonlyRootfs ?? false,
    shmSizeBytes: checkedSize('ShmSize', config.ShmSize) || defaultShmBytes,
  }
}

function toSecuritySpec(config: HostConfig) {
  return {
    isPrivileged: config.Privileged ?? false,
    capAdd: config.CapAdd ?? [],
    capDrop: config.CapDrop ?? [],
    securityOpt: config.SecurityOpt ?? [],
    groupAdd: config.GroupAdd ?? [],
    devices: (config.Devices ?? []).map(toDeviceRequest),
    deviceCgroupRules: config.DeviceCgroupRules ?? [],
    sysctls: config.Sysctls ?? {},
    ulimits: (config.Ulimits ?? []).map(toUlimit),
    ...(config.MaskedPaths ? { maskedPaths: config.MaskedPaths } : {}),
    ...(config.ReadonlyPaths ? { readonlyPaths: config.ReadonlyPaths } : {}),
  }
}

function toNamespaceSpec(config: HostConfig) {
  const cgroupns = config.CgroupnsMode ?? ''
  if (cgroupns !== '' && cgroupns !== 'private' && cgroupns !== 'host') {
    throw new EngineError('invalid_argument', `invalid cgroup namespace mode: ${cgroupns}`)
  }
  return {
    cgroupNamespace: cgroupns === 'host' ? ('host' as const) : ('private' as const),
    ipcMode: config.IpcMode ?? '',
    pidMode: checkedMode('PID', config.PidMode, /^(host|container:.+)$/),
    utsMode: checkedMode('UTS', config.UTSMode, /^host$/),
    usernsMode: checkedMode('user namespace', config.UsernsMode, /^host$/),
  }
}

/** Empty: the engine's own choice. */
function checkedMode(what: string, mode = '', valid: RegExp): string {
  if (mode === '' || valid.test(mode)) return mode
  throw new EngineError('invalid_argument', `invalid ${what} mode: ${mode}`)
}

/** `default`, `bridge` and an empty text are the default bridge network. */
export function parseNetworkMode(text: string): NetworkMode {
  if (text === '' || text === 'default' || text === 'bridge') {
    return { type: 'network', name: 'bridge' }
  }
  if (text === 'host') return { type: 'host' }
  if (text === 'none') return { type: 'none' }
  if (text.startsWith('container:')) {
    const container = text.slice('container:'.length)
    if (container === '') {
      throw new EngineError('invalid_argument', 'invalid container format container:<name|id>')
    }
    return { type: 'container', container }
  }
  return { type: 'network', name: text }
}

/** @throws EngineError invalid_argument with Docker's texts */
export function toRestartPolicy({
  Name = '',
  MaximumRetryCount = 0,
}: RestartPolicyBody): RestartPolicy {
  if (MaximumRetryCount < 0) {
    throw new EngineError(
      'invalid_argument',
      'invalid restart policy: maximum retry count cannot be negative',
    )
  }
  if (Name === 'on-failure') return { name: Name, maximumRetryCount: MaximumRetryCount }
  if (MaximumRetryCount > 0) {
    throw new EngineError(
      'invalid_argument',
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    )
  }
  switch (Name) {
    case '':
    case 'no':
      return { name: 'no' }
    case 'always':
    case 'unless-stopped':
      return { name: Name }
    default:
      throw new EngineError(
        'invalid_argument',
        `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', ` +
          "'on-failure', or 'unless-stopped'",
      )
  }
}

function toResources(config: HostConfig): Resources {
  const { MemorySwappiness, PidsLimit } = config
  return {
    memoryBytes: checkedSize('Memory', config.Memory),
    memoryReservationBytes: checkedSize('MemoryReservation', config.MemoryReservation),
    memorySwapBytes: config.MemorySwap ?? 0,
    ...(MemorySwappiness == null || MemorySwappiness === -1
      ? {}
      : { memorySwappiness: MemorySwappiness }),
    nanoCpus: checkedSize('NanoCpus', config.NanoCpus),
    cpuShares: config.CpuShares ?? 0,
    cpuPeriodUs: config.CpuPeriod ?? 0,
    cpuQuotaUs: config.CpuQuota ?? 0,
    cpusetCpus: config.CpusetCpus ?? '',
    cpusetMems: config.CpusetMems ?? '',
    ...(PidsLimit == null ? {} : { pidsLimit: PidsLimit }),
    blkioWeight: checkedWeight(config.BlkioWeight ?? 0),
    isOomKillDisabled: config.OomKillDisable ?? false,
  }
}

function checkedWeight(weight: number): number {
  if (weight === 0 || (weight >= 10 && weight <= 1000)) return weight
  throw new EngineError('invalid_argument', 'range of blkio weight is from 10 to 1000')
}

function toLogDriver(config: HostConfig, defaults: HostDefaults): HostSpec['logDriver'] {
  const type = config.LogConfig?.Type ?? ''
  const options = config.LogConfig?.Config ?? {}
  if (type !== '' && type !== defaults.logDriver) return { type, options }
  return { type: defaults.logDriver, options: { ...defaults.logOptions, ...options } }
}

function toDeviceRequest(device: DeviceMapping): DeviceRequest {
  const hostPath = device.PathOnHost ?? ''
  return {
    hostPath,
    containerPath: device.PathInContainer || hostPath,
    permissions: device.CgroupPermissions || 'rwm',
  }
}

function toUlimit({ Name = '', Soft = 0, Hard = 0 }: UlimitBody): Ulimit {
  if (Hard !== -1 && Soft > Hard) {
    throw new EngineError(
      'invalid_argument',
      `ulimit soft limit must be less than or equal to hard limit: ${Soft.toString()} > ${Hard.toString()}`,
    )
  }
  return { name: Name, soft: Soft, hard: Hard }
}

/** Wire order is [rows, columns]; zeros mean "not given". */
export function toConsoleSize(size: readonly number[] | null | undefined) {
  const [rows = 0, columns = 0] = size ?? []
  return rows > 0 && columns > 0 ? { consoleSize: { rows, columns } } : {}
}

function checkedSize(field: string, value: number | undefined): number {
  if (value !== undefined && value < 0) {
    throw new EngineError('invalid_argument', `invalid ${field}: ${value.toString()} is negative`)
  }
  return value ?? 0
}
