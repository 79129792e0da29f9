import { formatInstant, now } from '#base/clock.ts'
import type { ContainerRecord } from '#container/types.ts'
import type { EngineConfig, SystemFacts } from '#engine/types.ts'
import { logDrivers } from '#api/mapping/unsupported.ts'
import type { ApiOptions } from '#api/call.ts'
import type { Info, Version } from '#wire/system.ts'
import { newestApiVersion } from '#wire/versions.ts'

/** `GET /version`. */
export function toVersion(facts: SystemFacts, options: ApiOptions): Version {
  const details = {
    ApiVersion: newestApiVersion,
    Arch: goArchitecture(facts.architecture),
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
    GoVersion: '',
    KernelVersion: facts.kernelVersion,
    MinAPIVersion: options.minApiVersion,
    Os: 'linux',
  }
  return {
    Platform: { Name: 'Gantry Engine' },
    Components: [
      { Name: 'Engine', Version: options.engineVersion, Details: details },
      { Name: facts.defaultRuntime, Version: facts.runtimeVersion, Details: null },
      { Name: 'conmon', Version: facts.conmonVersion, Details: null },
    ],
    Version: options.engineVersion,
    ApiVersion: newestApiVersion,
    MinAPIVersion: options.minApiVersion,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: goArchitecture(facts.architecture),
    KernelVersion: facts.kernelVersion,
    BuildTime: '',
  }
}

/** /version uses Go's names of architectures, /info the kernel's. */
function goArchitecture(machine: string): string {
  const names: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }
  return names[machine] ?? machine
}

export interface InfoFacts {
  readonly facts: SystemFacts
  readonly config: EngineConfig
  readonly options: ApiOptions
  readonly containers: readonly ContainerRecord[]
  readonly imageCount: number
}

/** `GET /info`. */
export function toInfo(input: InfoFacts): Info {
  const { facts, config, options } = input
  return {
    ...containerCounts(input.containers),
    ...hostFields(facts),
    ...limitFields(facts),
    ...engineFields(config),
    ID: facts.id,
    Images: input.imageCount,
    Driver: facts.storageDriver.name,
    DriverStatus: facts.storageDriver.status,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: logDrivers,
    },
    Debug: options.isDebug,
    NFd: -1,
    NGoroutines: -1,
    NEventsListener: 0,
    SystemTime: formatInstant(now()),
    CgroupDriver: facts.cgroupDriver,
    CgroupVersion: facts.cgroupVersion,
    ServerVersion: options.engineVersion,
    Runtimes: toRuntimes(input),
    DefaultRuntime: facts.defaultRuntime,
    SecurityOptions: facts.securityOptions,
    Warnings: facts.warnings.length > 0 ? facts.warnings : null,
    ...fixedFields,
  }
}

function containerCounts(containers: readonly ContainerRecord[]) {
  const count = (status: string) =>
    containers.filter((record) => record.state.status === status).length
  const running = count('running') + count('restarting')
  const paused = count('paused')
  return {
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
  }
}

function hostFields(facts: SystemFacts) {
  return {
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.osVersion,
    OSType: 'linux',
    Architecture: facts.architecture,
    NCPU: facts.cpus,
    MemTotal: facts.memoryBytes,
    Name: facts.name,
  }
}

function limitFields({ limits }: SystemFacts) {
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuCfs,
    CpuCfsQuota: limits.cpuCfs,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    IPv4Forwarding: limits.ipv4Forwarding,
    OomKillDisable: limits.oomKillDisable,
  }
}

function engineFields(config: EngineConfig) {
  const pools = config.addressPools.map(({ base, size }) => ({ Base: base, Size: size }))
  return {
    LoggingDriver: config.logDriver,
    DockerRootDir: config.dataRoot,
    Labels: config.labels,
    LiveRestoreEnabled: config.isLiveRestore,
    InitBinary: config.initPath ?? 'docker-init',
    RegistryConfig: {
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
      IndexConfigs: {
        'docker.io': {
          Name: 'docker.io',
          Mirrors: config.registryMirrors,
          Secure: true,
          Official: true,
        },
        ...Object.fromEntries(
          config.insecureRegistries.map((name) => [
            name,
            { Name: name, Mirrors: [], Secure: false, Official: false },
          ]),
        ),
      },
      Mirrors: config.registryMirrors,
    },
    ...(pools.length > 0 ? { DefaultAddressPools: pools } : {}),
  }
}

function toRuntimes({ facts, config }: InfoFacts): Info['Runtimes'] {
  return Object.fromEntries(
    facts.runtimes.map((name) => {
      const { path = name, args } = config.runtimes[name] ?? {}
      return [name, args === undefined ? { path } : { path, runtimeArgs: args }]
    }),
  )
}

const fixedFields = {
  IndexServerAddress: 'https://index.docker.io/v1/',
  GenericResources: null,
  HttpProxy: '',
  HttpsProxy: '',
  NoProxy: '',
  ExperimentalBuild: false,
  Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive' },
  Isolation: '',
  ContainerdCommit: { ID: '' },
  RuncCommit: { ID: '' },
  InitCommit: { ID: '' },
} as const
