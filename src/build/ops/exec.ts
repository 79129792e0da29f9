/** RUN: a container of its own for each step, its upper directory the layer. */
import { EngineError, errorMessage } from '#base/errors.ts'
import type { ExecOp } from '#build/graph/types.ts'
import { commitStep } from '#build/ops/commit.ts'
import { prepareMounts, type PreparedMounts } from '#build/ops/exec-mounts.ts'
import { connectStep, type StepNetwork } from '#build/ops/exec-network.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import { limitOutput } from '#build/ops/output-limit.ts'
import type { BuildResult, SnapshotResult } from '#build/ops/result.ts'
import { checkRunnable } from '#build/ops/foreign.ts'
import { mountWithTargets } from '#build/ops/stubs.ts'
import { openWorkspace, type Workspace } from '#build/ops/workspace.ts'
import type { RunContext } from '#build/solver/types.ts'
import type { RuntimeSpec } from '#oci/runtime-spec.ts'
import { buildRuntimeSpec } from '#runtime/spec/build.ts'
import type { NamespaceMode, SpecInput } from '#runtime/spec/types.ts'
import type { TaskExit } from '#runtime/types.ts'
import { resolveUser } from '#runtime/user.ts'
import { makeDirectory } from '#sys/trees/jobs.ts'
import { findStats } from '#sys/trees/paths.ts'

export interface ExecStep {
  readonly op: ExecOp
  readonly root: SnapshotResult
  /** Of the vertex, the root first. */
  readonly inputs: readonly BuildResult[]
}

/** @throws EngineError failed_precondition `process "…" did not complete successfully: exit code: N` */
export async function runExec(
  machine: BuildMachine,
  { session, step }: { readonly session: BuildSession; readonly step: ExecStep },
  context: RunContext,
): Promise<SnapshotResult> {
  checkEntitlements(session, step.op)
  checkRunnable(step.op.platform)
  const workspace = openWorkspace(machine)
  try {
    return await runIn(workspace, { machine, session, step }, context)
  } finally {
    machine.teardowns.add(workspace[Symbol.asyncDispose]())
  }
}

interface Exec {
  readonly machine: BuildMachine
  readonly session: BuildSession
  readonly step: ExecStep
}

async function runIn(
  workspace: Workspace,
  { machine, session, step }: Exec,
  context: RunContext,
): Promise<SnapshotResult> {
  machine.runtime.anticipate()
  const { op, root } = step
  const [mounts, network] = await settleBoth(
    prepareMounts({ machine, session, workspace, step }, context.signal),
    connectStep({ machine, session, workspace }, op.network),
  )
  const { key, mount } = await workspace.prepare(root)
  const rootfs = mountWithTargets(workspace, mount, [...network.mounts, ...mounts.mounts])
  await makeWorkingDirectory(rootfs, op, context.signal)
  const spec = buildStepSpec({ machine, session, workspace, op, rootfs, mounts, network })
  const { signal } = context
  const { onOutput, flush } = limitOutput(context.onOutput)
  const exit = await machine.runtime.runOnce({ containerId: workspace.id, spec, onOutput }, signal)
  // The next step usually follows at once.
  machine.runtime.anticipate()
  flush()
  if (exit.code !== 0) throw stepFailure(op, exit)
  const { lease } = session
  const { latestTime } = op
  return await commitStep(machine, { parent: root, key, lease, latestTime }, signal)
}

/** Both have ended before the first failure counts, so that the workspace can be cleared. */
async function settleBoth<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'rejected') throw a.reason
  if (b.status === 'rejected') throw b.reason
  return [a.value, b.value]
}

/** A Dockerfile is data: what reaches out of the sandbox needs the word of who builds it. */
function checkEntitlements(session: BuildSession, op: ExecOp): void {
  const isAllowed = {
    'security.insecure': op.security !== 'insecure' || session.allowsInsecure,
    'network.host': op.network !== 'host' || session.allowsHostNetwork,
  }
  const missing = Object.entries(isAllowed).find(([, allowed]) => !allowed)?.[0]
  if (missing === undefined) return
  throw new EngineError('permission_denied', `${missing} is not allowed`, {
    hint: `allow it with --allow ${missing}`,
  })
}

function stepFailure(op: ExecOp, exit: TaskExit): EngineError {
  const reason = exit.isOomKilled ? ': cannot allocate memory' : ''
  return new EngineError(
    'failed_precondition',
    `${processText(op)}: exit code: ${exit.code}${reason}`,
    exit.isOomKilled ? { hint: 'the step needed more memory than it was allowed' } : {},
  )
}

function processText({ args }: ExecOp): string {
  return `process ${JSON.stringify(args.join(' '))} did not complete successfully`
}

/** Base images name working directories that they do not have. */
async function makeWorkingDirectory(
  rootPath: string,
  { cwd }: ExecOp,
  signal: AbortSignal,
): Promise<void> {
  if (findStats(`${rootPath}${cwd}`)) return
  await makeDirectory({ rootPath, path: cwd, owner: { uid: 0, gid: 0 } }, signal)
}

interface SpecParts {
  readonly machine: BuildMachine
  readonly session: BuildSession
  readonly workspace: Workspace
  readonly op: ExecOp
  readonly rootfs: string
  readonly mounts: PreparedMounts
  readonly network: StepNetwork
}

function buildStepSpec(parts: SpecParts): RuntimeSpec {
  const { op, rootfs, workspace, session, mounts, network } = parts
  const resolved = userOf(parts)
  const isPrivate: NamespaceMode = { type: 'private' }
  return buildRuntimeSpec({
    containerId: workspace.id,
    rootfsPath: rootfs,
    isReadonlyRootfs: false,
    hostname: session.hostname,
    args: op.args,
    env: stepEnv(parts, resolved.home),
    cwd: op.cwd,
    user: resolved.user,
    isTerminal: false,
    mounts: [...network.mounts, ...mounts.mounts],
    network: network.namespace,
    ipc: isPrivate,
    pid: isPrivate,
    uts: isPrivate,
    cgroupNamespace: isPrivate,
    ...limitsOf(parts),
    ...securityOf(parts),
  })
}

function userOf({ op, rootfs }: SpecParts) {
  try {
    return resolveUser({ rootfs, user: op.user })
  } catch (error) {
    const message = `${processText(op)}: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}

/** What the instruction says wins over proxies; secrets over both. */
function stepEnv({ op, session, mounts }: SpecParts, home: string): string[] {
  const named = new Set(op.env.map((entry) => entry.split('=', 1)[0]))
  const proxies = session.proxyEnv.filter((entry) => !named.has(entry.split('=', 1)[0]))
  return [...proxies, ...op.env, ...(named.has('HOME') ? [] : [`HOME=${home}`]), ...mounts.env]
}

function limitsOf({ machine, session }: SpecParts): Partial<SpecInput> {
  const { limits } = session
  const parent = limits.cgroupParent === '' ? machine.defaults.cgroupParent : limits.cgroupParent
  return {
    resources: limits,
    ulimits: limits.ulimits,
    shmSizeBytes: limits.shmSizeBytes,
    cgroupParent: parent,
  }
}

function securityOf({ machine, op }: SpecParts): Partial<SpecInput> {
  const { seccompProfile = '' } = machine.defaults
  if (op.security === 'insecure') return { isPrivileged: true }
  if (seccompProfile === 'unconfined') return { securityOpt: ['seccomp=unconfined'] }
  return seccompProfile === '' || seccompProfile === 'builtin'
    ? {}
    : { seccompPath: seccompProfile }
}
