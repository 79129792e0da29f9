/** A request with every member at its default, for tests to change. */
import type { ContainerSpec, CreateContainerRequest, HostSpec } from '#container/types.ts'

export const plainHost: HostSpec = {
  binds: [],
  mounts: [],
  tmpfs: {},
  networkMode: { type: 'network', name: 'default' },
  networkAliases: [],
  ports: [],
  publishAllPorts: false,
  restartPolicy: { name: 'no' },
  isAutoRemove: false,
  isPrivileged: false,
  isReadonlyRootfs: false,
  hasInit: false,
  capAdd: [],
  capDrop: [],
  securityOpt: [],
  groupAdd: [],
  devices: [],
  deviceCgroupRules: [],
  sysctls: {},
  ulimits: [],
  extraHosts: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  resources: {
    memoryBytes: 0,
    memoryReservationBytes: 0,
    memorySwapBytes: 0,
    nanoCpus: 0,
    cpuShares: 0,
    cpuPeriodUs: 0,
    cpuQuotaUs: 0,
    cpusetCpus: '',
    cpusetMems: '',
    blkioWeight: 0,
    isOomKillDisabled: false,
  },
  oomScoreAdj: 0,
  shmSizeBytes: 0,
  cgroupParent: '',
  cgroupNamespace: 'private',
  ipcMode: 'private',
  pidMode: '',
  utsMode: '',
  usernsMode: '',
  logDriver: { type: 'json-file', options: {} },
}

export const plainSpec: ContainerSpec = {
  user: '',
  env: [],
  cmd: [],
  entrypoint: [],
  workingDir: '',
  labels: {},
  annotations: {},
  exposedPorts: [],
  volumePaths: [],
  isTty: false,
  openStdin: false,
  stdinOnce: false,
  attach: { stdin: false, stdout: true, stderr: true },
  host: plainHost,
}

export function sampleRequest(
  changes: Partial<Omit<ContainerSpec, 'host'>> & {
    readonly name?: string
    readonly imageName?: string
    readonly host?: Partial<HostSpec>
  } = {},
): CreateContainerRequest {
  const { name, imageName = 'busybox', host, ...spec } = changes
  return {
    imageName,
    spec: { ...plainSpec, ...spec, host: { ...plainHost, ...host } },
    explicit: { cmd: spec.cmd !== undefined, entrypoint: spec.entrypoint !== undefined },
    ...(name === undefined ? {} : { name }),
  }
}
