import { EngineError, errorMessage } from '#base/errors.ts'
import type { EngineConfig } from '#engine/types.ts'
import { checkEngineConfig } from '#daemon/checks.ts'
import { type FileValues, readConfigFile } from '#daemon/config-file.ts'
import { type FlagTexts, parseFlags } from '#daemon/flags.ts'
import type { Setting } from '#daemon/setting.ts'
import {
  allSettings,
  commandLineSettings,
  containerSettings,
  endpointSettings,
  engineSettings,
  fileSettings,
  networkSettings,
  placeSettings,
  registrySettings,
} from '#daemon/settings.ts'
import {
  compareApiVersions,
  newestApiVersion,
  oldestApiVersion,
  productVersion,
} from '#wire/versions.ts'

/** Where a value came from, for messages. */
export type ValueSource = 'flag' | 'file' | 'default'

export interface DaemonConfig {
  readonly engine: EngineConfig
  readonly endpoints: EndpointConfig
  readonly pidfile: string
  readonly configFile: string
  readonly logLevel: LogLevel
  /** Source of each setting, by flag name. */
  readonly sources: ReadonlyMap<string, ValueSource>
}

export type LogLevel = (typeof engineSettings.logLevel)['fallback']

export interface EndpointConfig {
  readonly hosts: readonly string[]
  readonly group: string
  /** A group that the user named must exist; the default one need not. */
  readonly isGroupRequired: boolean
  readonly tls: TlsConfig | undefined
  readonly allowInsecureTcp: boolean
  readonly minApiVersion: string
}

export interface TlsConfig {
  readonly verifiesClients: boolean
  readonly caPath: string
  readonly certPath: string
  readonly keyPath: string
}

export type CommandLine =
  | { readonly type: 'run'; readonly config: DaemonConfig }
  /** Everything was read, and holds up. */
  | { readonly type: 'validated' }
  | { readonly type: 'help' }
  | { readonly type: 'version' }

/**
 * Command line and file → configuration. Flags win over the file, the file over
 * the defaults; a setting in both is an error.
 * @throws EngineError invalid_argument
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const flags = parseFlags(args, allSettings)
  if (flags.has(commandLineSettings.isHelp.flag)) return { type: 'help' }
  if (flags.has(commandLineSettings.isVersion.flag)) return { type: 'version' }
  const config = readConfig(flags)
  const validates = commandLineSettings.validates
  return validates.fromTexts(flags.get(validates.flag) ?? ['false'])
    ? { type: 'validated' }
    : { type: 'run', config }
}

function readConfig(flags: FlagTexts): DaemonConfig {
  const configFile =
    flags.get(commandLineSettings.configFile.flag)?.at(-1) ??
    commandLineSettings.configFile.fallback
  const file = readConfigFile(configFile, {
    isRequired: flags.has(commandLineSettings.configFile.flag),
    settings: fileSettings,
    flags,
  })
  const reader = createReader(flags, file, configFile)
  const execRoot = reader.value(placeSettings.execRoot)
  const isDebug = reader.value(engineSettings.debug)
  const engine = engineConfig(reader)
  checkEngineConfig(engine)
  return {
    engine,
    endpoints: endpointConfig(reader),
    pidfile: reader.value(placeSettings.pidfile) || `${execRoot}/gantryd.pid`,
    configFile,
    logLevel: isDebug ? 'debug' : reader.value(engineSettings.logLevel),
    sources: reader.sources,
  }
}

interface SettingReader {
  value<T>(setting: Setting<T>): T
  source(setting: Setting<unknown>): ValueSource
  readonly sources: ReadonlyMap<string, ValueSource>
}

function createReader(flags: FlagTexts, file: FileValues, path: string): SettingReader {
  function source({ flag, key }: Setting<unknown>): ValueSource {
    if (flags.has(flag)) return 'flag'
    return Object.hasOwn(file, key) ? 'file' : 'default'
  }
  function value<T>(setting: Setting<T>): T {
    switch (source(setting)) {
      case 'flag':
        return setting.fromTexts(flags.get(setting.flag) ?? [])
      case 'file':
        return fromFile(setting)
      case 'default':
        return setting.fallback
    }
  }
  function fromFile<T>(setting: Setting<T>): T {
    try {
      return setting.fromJson(file[setting.key])
    } catch (error) {
      throw new EngineError(
        'invalid_argument',
        `unable to configure the Docker daemon with file ${path}: ${setting.key}: ${errorMessage(error)}`,
        { cause: error },
      )
    }
  }
  const sources = new Map(fileSettings.map((setting) => [setting.flag, source(setting)]))
  return { value, source, sources }
}

function engineConfig(reader: SettingReader): EngineConfig {
  const bip = reader.value(networkSettings.bip)
  const ip = reader.value(networkSettings.ip)
  const initPath = reader.value(containerSettings.initPath)
  const seccompProfile = reader.value(containerSettings.seccompProfile)
  checkExecOptions(reader.value(containerSettings.execOptions))
  return {
    dataRoot: reader.value(placeSettings.dataRoot),
    execRoot: reader.value(placeSettings.execRoot),
    bridge: reader.value(networkSettings.bridge),
    ...(bip === '' ? {} : { bip }),
    addressPools: reader.value(networkSettings.addressPools),
    dns: reader.value(networkSettings.dns),
    dnsSearch: reader.value(networkSettings.dnsSearch),
    dnsOptions: reader.value(networkSettings.dnsOptions),
    mtu: reader.value(networkSettings.mtu),
    ...(ip === '' ? {} : { ip }),
    ipForward: reader.value(networkSettings.ipForward),
    ipMasquerade: reader.value(networkSettings.ipMasquerade),
    insecureRegistries: reader.value(registrySettings.insecureRegistries),
    registryMirrors: reader.value(registrySettings.registryMirrors),
    logDriver: reader.value(containerSettings.logDriver),
    logOptions: reader.value(containerSettings.logOptions),
    defaultRuntime: reader.value(containerSettings.defaultRuntime),
    runtimes: reader.value(containerSettings.runtimes),
    labels: reader.value(engineSettings.labels),
    shutdownTimeoutS: reader.value(engineSettings.shutdownTimeout),
    isLiveRestore: reader.value(engineSettings.liveRestore),
    maxConcurrentDownloads: reader.value(registrySettings.maxConcurrentDownloads),
    ...(initPath === '' ? {} : { initPath }),
    ...(seccompProfile === '' ? {} : { seccompProfile }),
    cgroupParent: reader.value(containerSettings.cgroupParent),
    userAgent: `gantry/${productVersion}`,
  }
}

function endpointConfig(reader: SettingReader): EndpointConfig {
  const minApiVersion = reader.value(endpointSettings.minApiVersion)
  checkMinApiVersion(minApiVersion)
  const verifiesClients = reader.value(endpointSettings.tlsVerify)
  const hasTls = reader.value(endpointSettings.tls) || verifiesClients
  return {
    hosts: reader.value(endpointSettings.hosts),
    group: reader.value(endpointSettings.group),
    isGroupRequired: reader.source(endpointSettings.group) !== 'default',
    tls: hasTls
      ? {
          verifiesClients,
          caPath: reader.value(endpointSettings.tlsCaCert),
          certPath: reader.value(endpointSettings.tlsCert),
          keyPath: reader.value(endpointSettings.tlsKey),
        }
      : undefined,
    allowInsecureTcp: reader.value(endpointSettings.allowInsecureTcp),
    minApiVersion,
  }
}

function checkMinApiVersion(version: string): void {
  const isKnown =
    /^\d+\.\d+$/.test(version) &&
    compareApiVersions(version, oldestApiVersion) >= 0 &&
    compareApiVersions(version, newestApiVersion) <= 0
  if (!isKnown) {
    throw new EngineError(
      'invalid_argument',
      `invalid min-api-version "${version}": want ${oldestApiVersion} to ${newestApiVersion}`,
    )
  }
}

/** cgroups are always made by hand (driver cgroupfs), so that the option can only confirm it. */
function checkExecOptions(options: readonly string[]): void {
  const wrong = options.find((option) => option !== 'native.cgroupdriver=cgroupfs')
  if (wrong !== undefined) {
    throw new EngineError('invalid_argument', `invalid exec-opt "${wrong}"`, {
      hint: 'the only one that this engine takes is native.cgroupdriver=cgroupfs',
    })
  }
}
