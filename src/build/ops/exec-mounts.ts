/** `RUN --mount`: what the step has mounted besides its root filesystem. */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { EngineError, errnoOf } from '#base/errors.ts'
import type { ExecMount } from '#build/graph/types.ts'
import { takeCache } from '#build/ops/cache-mounts.ts'
import type { ExecStep } from '#build/ops/exec.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import { openMounted, openWritable } from '#build/ops/mounted.ts'
import { treeSource } from '#build/ops/selection.ts'
import type { BuildResult } from '#build/ops/result.ts'
import type { Workspace } from '#build/ops/workspace.ts'
import type { RuntimeMount } from '#oci/runtime-spec.ts'
import { unmountSnapshot } from '#store/mounts.ts'
import { openInRoot } from '#sys/files.ts'
import { mount as mountFilesystem } from '#sys/mount.ts'
import { copyFiles } from '#sys/trees/jobs.ts'

export interface PreparedMounts {
  readonly mounts: readonly RuntimeMount[]
  /** Secrets in the environment, and where the ssh agent is. */
  readonly env: readonly string[]
}

export interface MountParts {
  readonly machine: BuildMachine
  readonly session: BuildSession
  readonly workspace: Workspace
  readonly step: ExecStep
}

interface Prepared {
  readonly mount?: RuntimeMount
  readonly env?: string
}

/** Generated scripts appear there; they must be executable. */
const scriptDirectory = '/dev/pipes/'

/** @throws EngineError not_found for a required secret or agent that the client does not offer */
export async function prepareMounts(
  parts: MountParts,
  signal: AbortSignal,
): Promise<PreparedMounts> {
  const prepared: Prepared[] = []
  // One after the other: caches must be locked in the order in which they are named.
  for (const mount of parts.step.op.mounts) prepared.push(await prepare(parts, mount, signal))
  return {
    mounts: prepared.flatMap(({ mount }) => mount ?? []),
    env: prepared.flatMap(({ env }) => env ?? []),
  }
}

function prepare(parts: MountParts, mount: ExecMount, signal: AbortSignal): Promise<Prepared> {
  switch (mount.type) {
    case 'bind':
      return prepareBind(parts, mount)
    case 'cache':
      return prepareCache(parts, mount, signal)
    case 'tmpfs':
      return Promise.resolve({ mount: tmpfsMount(mount) })
    case 'secret':
      return prepareSecret(parts, mount)
    case 'ssh':
      return prepareSsh(parts, mount)
  }
}

type MountOf<T extends ExecMount['type']> = Extract<ExecMount, { type: T }>

/** A writable bind shows an overlay: what is written is thrown away. */
async function prepareBind(parts: MountParts, mount: MountOf<'bind'>): Promise<Prepared> {
  const result = inputOf(parts.step, mount.input)
  const { machine, workspace } = parts
  const root = mount.isReadOnly
    ? await openMounted(machine, workspace, result)
    : await openWritable(machine, workspace, result)
  const source = pathInRoot(root, mount.source)
  const isScript = mount.target.startsWith(scriptDirectory)
  return {
    mount: bind(isScript ? executableCopy(workspace, source) : source, mount),
  }
}

function executableCopy(workspace: Workspace, source: string): string {
  const copy = `${workspace.makeDirectory(`script-${source.replaceAll(/\W/g, '').slice(-16)}`)}/script`
  copyFileSync(source, copy)
  chmodSync(copy, 0o755)
  return copy
}

async function prepareCache(
  parts: MountParts,
  mount: MountOf<'cache'>,
  signal: AbortSignal,
): Promise<Prepared> {
  const { input } = mount
  const fill =
    input === undefined
      ? undefined
      : (directory: string) => fillCache(parts, { mount, input, directory }, signal)
  const directory = await takeCache(parts, { mount, fill }, signal)
  const source = input === undefined ? pathInRoot(directory, mount.source) : directory
  return { mount: bind(source, mount) }
}

interface CacheFill {
  readonly mount: MountOf<'cache'>
  readonly input: number
  readonly directory: string
}

async function fillCache(
  { machine, workspace, step }: MountParts,
  { mount, input, directory }: CacheFill,
  signal: AbortSignal,
): Promise<void> {
  const source = await treeSource(machine, workspace, inputOf(step, input))
  const selection = { patterns: [mount.source], excludes: [], keepsParents: false }
  const target = { rootPath: directory, path: '/', leavesArchives: false }
  await copyFiles(source, { selection, target }, signal)
}

function tmpfsMount({ target, sizeBytes }: MountOf<'tmpfs'>): RuntimeMount {
  const options = ['nosuid', 'nodev', ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])]
  return { destination: target, type: 'tmpfs', source: 'tmpfs', options }
}

/** Its bytes are only ever in memory: on a filesystem of the step, or in the environment. */
async function prepareSecret(
  { session, workspace }: MountParts,
  mount: MountOf<'secret'>,
): Promise<Prepared> {
  const secret = session.secrets.get(mount.secretId)
  if (!secret) {
    if (!mount.isRequired) return {}
    throw new EngineError('not_found', `secret ${mount.secretId}: not found`, {
      hint: `give it with --secret id=${mount.secretId}`,
    })
  }
  const env =
    mount.env === undefined ? {} : { env: `${mount.env}=${Buffer.from(secret).toString()}` }
  if (mount.target === undefined) return env
  const path = writeSecret(workspace, secret, mount)
  return { ...env, mount: bind(path, { target: mount.target, isReadOnly: true }) }
}

let secretCount = 0

function writeSecret(
  workspace: Workspace,
  secret: Uint8Array,
  { mode, uid, gid }: MountOf<'secret'>,
): string {
  const directory = workspace.makeDirectory(`secret-${++secretCount}`)
  mountFilesystem({ target: directory, type: 'tmpfs', source: 'tmpfs', options: 'mode=0700' })
  workspace.defer('unmount secret', () => unmountSnapshot(directory))
  const path = `${directory}/secret`
  writeFileSync(path, secret, { mode: 0o600 })
  chmodSync(path, mode)
  chownSync(path, uid, gid)
  return path
}

async function prepareSsh(
  { session, workspace }: MountParts,
  mount: MountOf<'ssh'>,
): Promise<Prepared> {
  const forward = session.ssh.get(mount.sshId)
  if (!forward) {
    if (!mount.isRequired) return {}
    throw new EngineError('not_found', `unset ssh forward key ${mount.sshId}`, {
      hint: `give it with --ssh ${mount.sshId}`,
    })
  }
  const agent = await forward()
  workspace.defer('close ssh agent', async () => agent[Symbol.asyncDispose]())
  chmodSync(agent.socketPath, mount.mode)
  chownSync(agent.socketPath, mount.uid, mount.gid)
  return {
    mount: bind(agent.socketPath, { target: mount.target, isReadOnly: false }),
    env: `SSH_AUTH_SOCK=${mount.target}`,
  }
}

function bind(
  source: string,
  { target, isReadOnly }: { readonly target: string; readonly isReadOnly: boolean },
): RuntimeMount {
  const options = ['rbind', 'rprivate', isReadOnly ? 'ro' : 'rw']
  return { destination: target, type: 'bind', source, options }
}

function inputOf({ inputs }: ExecStep, index: number): BuildResult {
  const result = inputs[index]
  if (!result) throw new EngineError('internal', `run step: no input ${index}`)
  return result
}

/** The machine's path of `path` inside `root`; no link leads out (S32). @throws EngineError not_found */
function pathInRoot(root: string, path: string): string {
  const rootFd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const pathOnly = 0o10000000
    const fd = openInRoot(rootFd, path, { flags: pathOnly })
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error
    throw new EngineError('not_found', `"${path}": not found`, { cause: error })
  } finally {
    closeSync(rootFd)
  }
}
