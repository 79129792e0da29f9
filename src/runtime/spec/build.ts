/** The OCI runtime specification of a container, with Docker's defaults. */
import type { NamespaceType, RuntimeLinux, RuntimeProcess, RuntimeSpec } from '#oci/runtime-spec.ts'
import {
  availableCapabilities,
  capabilitySets,
  resolveCapabilities,
} from '#runtime/spec/capabilities.ts'
import { resolveDevices } from '#runtime/spec/devices.ts'
import { findInit, type InitProgram } from '#runtime/spec/init.ts'
import { buildMounts } from '#runtime/spec/mounts.ts'
import { defaultMaskedPaths, defaultReadonlyPaths } from '#runtime/spec/paths.ts'
import { buildResources } from '#runtime/spec/resources.ts'
import {
  hasAppArmor,
  parseSecurityOptions,
  resolveSeccomp,
  type SecurityOptions,
} from '#runtime/spec/security.ts'
import type { NamespaceMode, SpecInput } from '#runtime/spec/types.ts'
import { buildRlimits } from '#runtime/spec/ulimits.ts'

export const defaultCgroupParent = 'gantry'

/** @throws EngineError invalid_argument, failed_precondition with Docker's texts */
export function buildRuntimeSpec(input: SpecInput): RuntimeSpec {
  const security = parseSecurityOptions(input.securityOpt ?? [])
  const capabilities = resolveCapabilities(
    {
      capAdd: input.capAdd ?? [],
      capDrop: input.capDrop ?? [],
      isPrivileged: input.isPrivileged === true,
    },
    availableCapabilities(),
  )
  const init = input.hasInit === true ? findInit(input.initPath) : undefined
  const mounts = buildMounts(init ? { ...input, mounts: [...input.mounts, init.mount] } : input)
  return {
    ociVersion: '1.0.2',
    ...(input.uts.type === 'private' && input.hostname !== undefined
      ? { hostname: input.hostname }
      : {}),
    ...(input.uts.type === 'private' && input.domainname !== undefined && input.domainname !== ''
      ? { domainname: input.domainname }
      : {}),
    root: { path: input.rootfsPath, readonly: input.isReadonlyRootfs },
    process: buildProcess({ input, security, capabilities, init }),
    mounts,
    ...(input.annotations ? { annotations: input.annotations } : {}),
    linux: buildLinux(input, security, capabilities),
  }
}

/** `/<parent>/<id>`, in every tree. */
export function cgroupPathOf(parent: string | undefined, containerId: string): string {
  const chosen = parent === undefined || parent === '' ? defaultCgroupParent : parent
  return `/${chosen.split('/').filter(isPlainName).join('/')}/${containerId}`
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..'
}

interface ProcessParts {
  readonly input: SpecInput
  readonly security: SecurityOptions
  readonly capabilities: readonly string[]
  readonly init: InitProgram | undefined
}

function buildProcess({ input, security, capabilities, init }: ProcessParts): RuntimeProcess {
  const size = input.consoleSize
  const rlimits = buildRlimits(input.ulimits ?? [])
  return {
    terminal: input.isTerminal,
    ...(input.isTerminal && size
      ? { consoleSize: { height: size.rows, width: size.columns } }
      : {}),
    user: input.user,
    args: [...(init?.args ?? []), ...input.args],
    env: input.env,
    cwd: input.cwd,
    capabilities: capabilitySets(capabilities, input.user.uid === 0),
    ...(rlimits.length === 0 ? {} : { rlimits }),
    noNewPrivileges: security.noNewPrivileges,
    ...(security.apparmor === undefined || security.apparmor === 'unconfined' || !hasAppArmor()
      ? {}
      : { apparmorProfile: security.apparmor }),
    ...(input.oomScoreAdj === undefined || input.oomScoreAdj === 0
      ? {}
      : { oomScoreAdj: input.oomScoreAdj }),
  }
}

function buildLinux(
  input: SpecInput,
  security: SecurityOptions,
  capabilities: readonly string[],
): RuntimeLinux {
  const devices = resolveDevices(input)
  const seccomp = resolveSeccomp(input, security, capabilities)
  const hasSystemPaths = input.isPrivileged === true || security.hasSystemPaths
  return {
    namespaces: buildNamespaces(input),
    ...(input.rootfsPropagation === undefined
      ? {}
      : { rootfsPropagation: input.rootfsPropagation }),
    devices: devices.nodes,
    cgroupsPath: cgroupPathOf(input.cgroupParent, input.containerId),
    resources: { devices: devices.rules, ...buildResources(input.resources ?? {}) },
    ...(seccomp ? { seccomp } : {}),
    maskedPaths: input.maskedPaths ?? (hasSystemPaths ? [] : defaultMaskedPaths()),
    readonlyPaths: input.readonlyPaths ?? (hasSystemPaths ? [] : defaultReadonlyPaths),
    ...(input.sysctls && Object.keys(input.sysctls).length > 0 ? { sysctl: input.sysctls } : {}),
  }
}

function buildNamespaces(input: SpecInput): RuntimeLinux['namespaces'] {
  return [
    { type: 'mount' as const },
    ...namespaceOf('network', input.network),
    ...namespaceOf('uts', input.uts),
    ...namespaceOf('pid', input.pid),
    ...namespaceOf('ipc', input.ipc.type === 'none' ? { type: 'private' } : input.ipc),
    ...namespaceOf('cgroup', input.cgroupNamespace),
  ]
}

function namespaceOf(type: NamespaceType, mode: NamespaceMode): RuntimeLinux['namespaces'] {
  switch (mode.type) {
    case 'host':
      return []
    case 'private':
      return [{ type }]
    case 'path':
      return [{ type, path: mode.path }]
  }
}
