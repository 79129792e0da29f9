/** The part of the OCI runtime specification (config.md, config-linux.md) that the engine writes. */
export interface RuntimeSpec {
  readonly ociVersion: string
  readonly hostname?: string
  readonly domainname?: string
  readonly root: { readonly path: string; readonly readonly?: boolean }
  readonly process: RuntimeProcess
  readonly mounts: readonly RuntimeMount[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly linux: RuntimeLinux
}

export interface RuntimeProcess {
  readonly terminal?: boolean
  readonly consoleSize?: { readonly height: number; readonly width: number }
  readonly user: {
    readonly uid: number
    readonly gid: number
    readonly additionalGids?: readonly number[]
    readonly umask?: number
  }
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly capabilities?: RuntimeCapabilities
  readonly rlimits?: readonly {
    readonly type: string
    readonly soft: number
    readonly hard: number
  }[]
  readonly noNewPrivileges?: boolean
  readonly apparmorProfile?: string
  readonly oomScoreAdj?: number
}

export interface RuntimeCapabilities {
  readonly bounding: readonly string[]
  readonly effective: readonly string[]
  readonly permitted: readonly string[]
  readonly inheritable?: readonly string[]
  readonly ambient?: readonly string[]
}

export interface RuntimeMount {
  readonly destination: string
  readonly type?: string
  readonly source?: string
  readonly options?: readonly string[]
}

export type NamespaceType = 'pid' | 'network' | 'ipc' | 'uts' | 'mount' | 'user' | 'cgroup'

export interface RuntimeLinux {
  readonly namespaces: readonly { readonly type: NamespaceType; readonly path?: string }[]
  readonly devices?: readonly RuntimeDevice[]
  readonly cgroupsPath?: string
  readonly resources?: RuntimeResources
  readonly seccomp?: RuntimeSeccomp
  readonly rootfsPropagation?: string
  readonly maskedPaths?: readonly string[]
  readonly readonlyPaths?: readonly string[]
  readonly sysctl?: Readonly<Record<string, string>>
}

export interface RuntimeDevice {
  readonly type: 'c' | 'b' | 'u' | 'p'
  readonly path: string
  readonly major?: number
  readonly minor?: number
  readonly fileMode?: number
  readonly uid?: number
  readonly gid?: number
}

interface DeviceNumbers {
  readonly major: number
  readonly minor: number
}

/** Bytes or operations each second. */
type ThrottleDevice = DeviceNumbers & { readonly rate: number }

export interface RuntimeResources {
  readonly devices?: readonly {
    readonly allow: boolean
    readonly type?: string
    readonly major?: number
    readonly minor?: number
    readonly access?: string
  }[]
  readonly memory?: {
    readonly limit?: number
    readonly reservation?: number
    readonly swap?: number
    readonly swappiness?: number
    readonly disableOOMKiller?: boolean
  }
  readonly cpu?: {
    readonly shares?: number
    readonly quota?: number
    readonly period?: number
    readonly cpus?: string
    readonly mems?: string
  }
  readonly pids?: { readonly limit: number }
  readonly blockIO?: {
    readonly weight?: number
    readonly weightDevice?: readonly (DeviceNumbers & { readonly weight: number })[]
    readonly throttleReadBpsDevice?: readonly ThrottleDevice[]
    readonly throttleWriteBpsDevice?: readonly ThrottleDevice[]
    readonly throttleReadIOPSDevice?: readonly ThrottleDevice[]
    readonly throttleWriteIOPSDevice?: readonly ThrottleDevice[]
  }
  readonly unified?: Readonly<Record<string, string>>
}

/** config-linux.md "Seccomp". */
export interface RuntimeSeccomp {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly architectures?: readonly string[]
  readonly flags?: readonly string[]
  readonly syscalls?: readonly {
    readonly names: readonly string[]
    readonly action: string
    readonly errnoRet?: number
    readonly args?: readonly {
      readonly index: number
      readonly value: number
      readonly valueTwo?: number
      readonly op: string
    }[]
  }[]
}
