/** Every setting of gantryd, named as dockerd's. Values come from flags, then the file, then these defaults. */
import {
  choiceSetting,
  integerSetting,
  listSetting,
  parsedSetting,
  type Setting,
  switchSetting,
  textSetting,
} from '#daemon/setting.ts'
import { addressPools, runtimes, textMap } from '#daemon/setting-values.ts'
import { oldestApiVersion } from '#wire/versions.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const

export const endpointSettings = {
  hosts: listSetting({
    flag: 'host',
    short: 'H',
    key: 'hosts',
    help: 'Address to listen on: unix://path, tcp://host:port or fd://',
    fallback: ['unix:///run/gantry/gantry.sock'],
  }),
  group: textSetting({ flag: 'group', help: 'Group of the unix socket', fallback: 'docker' }),
  tls: switchSetting({
    flag: 'tls',
    help: 'Serve tcp addresses over TLS; implied by --tlsverify',
    fallback: false,
  }),
  tlsVerify: switchSetting({
    flag: 'tlsverify',
    help: 'Serve tcp addresses over TLS and only to clients with a certificate of --tlscacert',
    fallback: false,
  }),
  tlsCaCert: textSetting({
    flag: 'tlscacert',
    help: 'Certificates that client certificates must be signed by',
    fallback: '/etc/gantry/ca.pem',
  }),
  tlsCert: textSetting({
    flag: 'tlscert',
    help: 'Certificate of this engine',
    fallback: '/etc/gantry/cert.pem',
  }),
  tlsKey: textSetting({
    flag: 'tlskey',
    help: 'Private key of this engine',
    fallback: '/etc/gantry/key.pem',
  }),
  allowInsecureTcp: switchSetting({
    flag: 'allow-insecure-tcp',
    help: 'Serve tcp addresses without verifying clients: whoever reaches the port is root here',
    fallback: false,
  }),
  minApiVersion: textSetting({
    flag: 'min-api-version',
    help: 'Oldest API version to answer',
    fallback: oldestApiVersion,
  }),
}

export const placeSettings = {
  dataRoot: textSetting({
    flag: 'data-root',
    help: 'Directory of images, containers and volumes',
    fallback: '/var/lib/gantry',
  }),
  execRoot: textSetting({
    flag: 'exec-root',
    help: 'Directory of what does not outlive a boot',
    fallback: '/run/gantry',
  }),
  pidfile: textSetting({
    flag: 'pidfile',
    help: 'File to keep the process id in (default: gantryd.pid in the exec root)',
    fallback: '',
  }),
}

export const networkSettings = {
  bridge: textSetting({
    flag: 'bridge',
    short: 'b',
    help: 'Bridge of the default network, made when missing; "none" for no default network',
    fallback: 'gantry0',
  }),
  bip: textSetting({ flag: 'bip', help: 'Address and prefix of the bridge', fallback: '' }),
  addressPools: parsedSetting(
    {
      flag: 'default-address-pool',
      key: 'default-address-pools',
      help: 'Pool to cut subnets from: base=<CIDR>,size=<prefix length>',
      fallback: [],
    },
    addressPools,
  ),
  dns: listSetting({ flag: 'dns', help: 'Name servers of containers', fallback: [] }),
  dnsSearch: listSetting({
    flag: 'dns-search',
    help: 'Search domains of containers',
    fallback: [],
  }),
  dnsOptions: listSetting({
    flag: 'dns-opt',
    key: 'dns-opts',
    help: 'Resolver options of containers',
    fallback: [],
  }),
  mtu: integerSetting({ flag: 'mtu', help: 'MTU of the default network', fallback: 1500 }),
  ip: textSetting({
    flag: 'ip',
    help: 'Host address of published ports that name none',
    fallback: '',
  }),
  ipForward: switchSetting({
    flag: 'ip-forward',
    help: 'Turn on forwarding in the kernel',
    fallback: true,
  }),
  ipMasquerade: switchSetting({
    flag: 'ip-masq',
    help: 'Masquerade what leaves the default network',
    fallback: true,
  }),
}

export const registrySettings = {
  insecureRegistries: listSetting({
    flag: 'insecure-registry',
    key: 'insecure-registries',
    help: 'Registry (host[:port] or CIDR) to speak http or unverified https with',
    fallback: [],
  }),
  registryMirrors: listSetting({
    flag: 'registry-mirror',
    key: 'registry-mirrors',
    help: 'Mirror of docker.io',
    fallback: [],
  }),
  maxConcurrentDownloads: integerSetting({
    flag: 'max-concurrent-downloads',
    help: 'Layers to download at once in one pull',
    fallback: 3,
  }),
}

export const containerSettings = {
  logDriver: choiceSetting(
    {
      flag: 'log-driver',
      help: 'Log driver of containers that name none',
      fallback: 'json-file',
    },
    ['json-file', 'local', 'none'],
  ),
  logOptions: parsedSetting(
    {
      flag: 'log-opt',
      key: 'log-opts',
      help: 'Log option of the default driver',
      fallback: {},
    },
    textMap,
  ),
  defaultRuntime: textSetting({
    flag: 'default-runtime',
    help: 'OCI runtime of containers that name none',
    fallback: 'crun',
  }),
  runtimes: parsedSetting(
    { flag: 'add-runtime', key: 'runtimes', help: 'OCI runtime: name=path', fallback: {} },
    runtimes,
  ),
  initPath: textSetting({
    flag: 'init-path',
    help: 'Program that --init puts before the container',
    fallback: '',
  }),
  seccompProfile: textSetting({
    flag: 'seccomp-profile',
    help: 'Seccomp profile of containers that name none',
    fallback: '',
  }),
  cgroupParent: textSetting({
    flag: 'cgroup-parent',
    help: 'Parent cgroup of containers that name none',
    fallback: '',
  }),
  execOptions: listSetting({
    flag: 'exec-opt',
    key: 'exec-opts',
    help: 'Runtime option: native.cgroupdriver=cgroupfs',
    fallback: [],
  }),
}

export const engineSettings = {
  debug: switchSetting({ flag: 'debug', short: 'D', help: 'Log at level debug', fallback: false }),
  logLevel: choiceSetting(
    { flag: 'log-level', short: 'l', help: 'Least level to log', fallback: 'info' },
    logLevels,
  ),
  labels: listSetting({
    flag: 'label',
    key: 'labels',
    help: 'Label of this engine, key=value',
    fallback: [],
  }),
  liveRestore: switchSetting({
    flag: 'live-restore',
    help: 'Containers keep running when the engine stops',
    fallback: true,
  }),
  shutdownTimeout: integerSetting({
    flag: 'shutdown-timeout',
    help: 'Seconds that containers get to stop with the engine',
    fallback: 15,
  }),
}

/** Flags without a key: where the file is cannot be said in the file. */
export const commandLineSettings = {
  configFile: textSetting({
    flag: 'config-file',
    help: 'Configuration file',
    fallback: '/etc/gantry/daemon.json',
  }),
  validates: switchSetting({
    flag: 'validate',
    help: 'Check flags and configuration file, and exit',
    fallback: false,
  }),
  isVersion: switchSetting({
    flag: 'version',
    short: 'v',
    help: 'Print the version',
    fallback: false,
  }),
  isHelp: switchSetting({ flag: 'help', short: 'h', help: 'Print this text', fallback: false }),
}

/** All settings that a configuration file may hold. */
export const fileSettings: readonly Setting<unknown>[] = [
  endpointSettings,
  placeSettings,
  networkSettings,
  registrySettings,
  containerSettings,
  engineSettings,
].flatMap((group) => Object.values<Setting<unknown>>(group))

export const allSettings: readonly Setting<unknown>[] = [
  ...fileSettings,
  ...Object.values<Setting<unknown>>(commandLineSettings),
]
