/** A record becomes the input of the OCI specification: words of Docker's API resolved to paths and values. */
import { statSync } from 'node:fs'
import { release } from 'node:os'
import { EngineError } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { checkProcfs, rootPropagation } from '#container/mount-checks.ts'
import { containerPaths } from '#container/paths.ts'
import { hostnameOf, processEnv } from '#container/process.ts'
import type { ConnectedSandbox } from '#container/sandbox.ts'
import type { ContainerMount, ContainerRecord, HostSpec } from '#container/types.ts'
import type { RuntimeMount, RuntimeSpec } from '#oci/runtime-spec.ts'
import { buildRuntimeSpec } from '#runtime/spec/build.ts'
import type { NamespaceMode, SpecInput } from '#runtime/spec/types.ts'
import { resolveUser } from '#runtime/user.ts'
import { isKernelSince } from '#store/mounts.ts'

/** @throws EngineError invalid_argument, not_found, conflict (a namespace's owner does not run) */
export function buildSpec(
  context: ContainerContext,
  record: ContainerRecord,
  sandbox: ConnectedSandbox,
): RuntimeSpec {
  const { spec } = record
  const { host } = spec
  const { rootfs } = containerPaths(context, record.id)
  const resolved = resolveUser({ rootfs, user: spec.user, groupAdd: host.groupAdd })
  checkProcfs(rootfs, record.mounts)
  const propagation = rootPropagation(record.mounts)
  return buildRuntimeSpec({
    containerId: record.id,
    rootfsPath: rootfs,
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
    isReadonlyRootfs: host.isReadonlyRootfs,
    hostname: hostnameOf(record),
    ...(spec.domainname === undefined ? {} : { domainname: spec.domainname }),
    args: [...spec.entrypoint, ...spec.cmd],
    env: processEnv(record, resolved.home, spec.isTty),
    cwd: spec.workingDir === '' ? '/' : spec.workingDir,
    user: resolved.user,
    isTerminal: spec.isTty,
    ...(Object.keys(spec.annotations).length === 0 ? {} : { annotations: spec.annotations }),
    ...(host.consoleSize === undefined ? {} : { consoleSize: host.consoleSize }),
    mounts: [...networkFileMounts(context, record, sandbox), ...record.mounts.flatMap(toMount)],
    tmpfs: Object.fromEntries(
      record.mounts.flatMap((mount) =>
        mount.type === 'tmpfs' ? [[mount.target, mount.options]] : [],
      ),
    ),
    ...namespaces(context, record, sandbox),
    ...limits(context, host),
    ...security(context, host),
  })
}

/** The generated files are mounted over the image's, unless the user mounts something there. */
function networkFileMounts(
  context: ContainerContext,
  record: ContainerRecord,
  sandbox: ConnectedSandbox,
): readonly RuntimeMount[] {
  const paths = containerPaths(context, sandbox.sharedWith?.id ?? record.id)
  const taken = new Set(record.mounts.map(({ target }) => target))
  const access = record.spec.host.isReadonlyRootfs ? 'ro' : 'rw'
  const files = [
    { destination: '/etc/resolv.conf', source: paths.resolvConf },
    { destination: '/etc/hostname', source: paths.hostname },
    { destination: '/etc/hosts', source: paths.hosts },
  ]
  return files
    .filter(({ destination }) => !taken.has(destination))
    .map((file) => ({ ...file, type: 'bind', options: ['rbind', 'rprivate', access] }))
}

function toMount(mount: ContainerMount): readonly RuntimeMount[] {
  if (mount.type === 'tmpfs') return []
  const asked = mount.propagation === '' ? 'rprivate' : mount.propagation
  const isRecursive = mount.type === 'volume' || mount.isNonRecursive !== true
  // crun takes the recursion of a mount from its propagation too.
  const propagation = isRecursive ? asked : asked.replace(/^r/, '')
  return [
    {
      destination: mount.target,
      type: 'bind',
      source: mount.source,
      options: [isRecursive ? 'rbind' : 'bind', propagation, accessOf(mount)],
    },
  ]
}

/** mount_setattr(2) came with Linux 5.12: it makes what is mounted below read-only too. */
const hasRecursiveReadOnly = isKernelSince(release(), [5, 12])

function accessOf(mount: Exclude<ContainerMount, { type: 'tmpfs' }>): 'rw' | 'ro' | 'rro' {
  if (mount.isWritable) return 'rw'
  const keepsSubmounts = mount.type === 'bind' && mount.keepsSubmounts === true
  if (!hasRecursiveReadOnly || keepsSubmounts) return 'ro'
  // Nothing is mounted below a file, and crun takes the option for directories only.
  return statSync(mount.source).isDirectory() ? 'rro' : 'ro'
}

function namespaces(
  context: ContainerContext,
  record: ContainerRecord,
  { netnsPath }: ConnectedSandbox,
): Pick<SpecInput, 'network' | 'ipc' | 'pid' | 'uts' | 'cgroupNamespace' | 'shmPath'> {
  const { host } = record.spec
  const pidOwner = namespaceOwner(context, host.pidMode, 'PID')
  return {
    network: netnsPath === undefined ? { type: 'host' } : { type: 'path', path: netnsPath },
    ...ipcNamespace(context, record),
    pid: namespace(host.pidMode, pidOwner?.pid, 'pid'),
    uts: namespace(host.utsMode, undefined, 'uts'),
    cgroupNamespace: { type: host.cgroupNamespace },
  }
}

/** The namespace and the shared memory that goes with it. */
function ipcNamespace(
  context: ContainerContext,
  record: ContainerRecord,
): Pick<SpecInput, 'ipc' | 'shmPath'> {
  const { ipcMode } = record.spec.host
  if (ipcMode === 'none') return { ipc: { type: 'none' } }
  const owner = namespaceOwner(context, ipcMode, 'IPC')
  const shmPath = sharedMemory(context, owner?.record ?? record)
  if (owner && shmPath === undefined) {
    throw new EngineError(
      'conflict',
      `cannot join IPC of container ${owner.record.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    )
  }
  const ipc = namespace(ipcMode, owner?.pid, 'ipc')
  return shmPath === undefined ? { ipc } : { ipc, shmPath }
}

/** On the host; undefined for memory of the container's own. */
function sharedMemory(
  context: ContainerContext,
  { id, spec }: ContainerRecord,
): string | undefined {
  const { ipcMode } = spec.host
  if (ipcMode === 'host') return '/dev/shm'
  if (ipcMode === 'shareable') return containerPaths(context, id).shm
  const owner = namespaceOwner(context, ipcMode, 'IPC')
  return owner && sharedMemory(context, owner.record)
}

function namespace(mode: string, owner: number | undefined, file: string): NamespaceMode {
  if (owner !== undefined) return { type: 'path', path: `/proc/${owner}/ns/${file}` }
  return { type: mode === 'host' ? 'host' : 'private' }
}

interface NamespaceOwner {
  readonly record: ContainerRecord
  readonly pid: number
}

/** The container that `container:<ref>` names; undefined for other modes. */
function namespaceOwner(
  context: ContainerContext,
  mode: string,
  what: 'IPC' | 'PID',
): NamespaceOwner | undefined {
  if (!mode.startsWith('container:')) return undefined
  const ref = mode.slice('container:'.length)
  const record = context.table.resolve(ref)
  const { state } = record
  if (state.status !== 'running' && state.status !== 'paused') {
    throw new EngineError('conflict', `cannot join ${what} of a non running container: ${ref}`)
  }
  return { record, pid: state.run.pid }
}

type Limits = Pick<
  SpecInput,
  'resources' | 'ulimits' | 'shmSizeBytes' | 'oomScoreAdj' | 'sysctls' | 'cgroupParent'
>

function limits({ defaults }: ContainerContext, host: HostSpec): Limits {
  return {
    resources: host.resources,
    ulimits: host.ulimits,
    shmSizeBytes: host.shmSizeBytes,
    oomScoreAdj: host.oomScoreAdj,
    sysctls: host.sysctls,
    cgroupParent: host.cgroupParent === '' ? defaults.cgroupParent : host.cgroupParent,
  }
}

type Security = Pick<
  SpecInput,
  | 'capAdd'
  | 'capDrop'
  | 'isPrivileged'
  | 'securityOpt'
  | 'seccompPath'
  | 'devices'
  | 'deviceCgroupRules'
  | 'hasInit'
  | 'initPath'
  | 'maskedPaths'
  | 'readonlyPaths'
>

function security({ defaults }: ContainerContext, host: HostSpec): Security {
  const profile = defaults.seccompProfile
  const isUnconfined = profile === 'unconfined'
  const namesSeccomp = host.securityOpt.some((option) => /^seccomp[=:]/.test(option))
  return {
    capAdd: host.capAdd,
    capDrop: host.capDrop,
    isPrivileged: host.isPrivileged,
    securityOpt:
      isUnconfined && !namesSeccomp
        ? [...host.securityOpt, 'seccomp=unconfined']
        : host.securityOpt,
    ...(profile === undefined || profile === 'builtin' || profile === '' || isUnconfined
      ? {}
      : { seccompPath: profile }),
    devices: host.devices,
    deviceCgroupRules: host.deviceCgroupRules,
    hasInit: host.hasInit,
    ...(defaults.initPath === undefined ? {} : { initPath: defaults.initPath }),
    ...(host.maskedPaths === undefined ? {} : { maskedPaths: host.maskedPaths }),
    ...(host.readonlyPaths === undefined ? {} : { readonlyPaths: host.readonlyPaths }),
  }
}
