/** COPY, ADD of local files, and WORKDIR. */
import { errorMessage } from '#base/errors.ts'
import type { CopyOp, CopyPart, MakeDirectoryOp } from '#build/graph/types.ts'
import { commitStep } from '#build/ops/commit.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { BuildResult, SnapshotResult } from '#build/ops/result.ts'
import { treeSource } from '#build/ops/selection.ts'
import { unpackArchive } from '#build/ops/unpack.ts'
import type { RunContext } from '#build/solver/types.ts'
import { openWorkspace } from '#build/ops/workspace.ts'
import { resolveUser } from '#runtime/user.ts'
import type { Lease } from '#store/types.ts'
import { copyFiles, makeDirectory } from '#sys/trees/jobs.ts'
import type { Selection } from '#sys/trees/messages.ts'

export interface CopyInputs {
  readonly root: SnapshotResult
  readonly sources: readonly BuildResult[]
}

/** What is copied from the source at `index`, from 0. */
export function selectionOf(op: CopyOp, index: number): Selection {
  const { sources } = partsOf(op)[index] ?? { sources: [] }
  return { patterns: sources, excludes: op.excludes, keepsParents: op.keepsParents }
}

function partsOf(op: CopyOp): readonly CopyPart[] {
  return [op, ...(op.more ?? [])]
}

/** @throws EngineError not_found for a source that is not there, invalid_argument for a mode that is none */
export async function runCopy(
  machine: BuildMachine,
  {
    op,
    inputs,
    lease,
  }: { readonly op: CopyOp; readonly inputs: CopyInputs; readonly lease: Lease },
  context: RunContext,
): Promise<SnapshotResult> {
  const { signal } = context
  await using workspace = openWorkspace(machine)
  const sources = await Promise.all(
    inputs.sources.map((source) => treeSource(machine, workspace, source)),
  )
  const { key, mount } = await workspace.prepare(inputs.root)
  const rootPath = workspace.mount(mount, 'rootfs')
  const owner = op.owner === undefined ? undefined : ownerIn(rootPath, op.owner, warnTo(context))
  const owned = owner === undefined ? {} : { owner }
  for (const [index, source] of sources.entries()) {
    const target = {
      rootPath,
      path: op.destination,
      makesPlainParents: op.isLink,
      leavesArchives: partsOf(op)[index]?.unpacks ?? false,
      ...owned,
      ...(op.mode !== undefined && { mode: op.mode }),
    }
    const job = { selection: selectionOf(op, index), target }
    const archives = await copyFiles(source, job, signal)
    for (const archive of archives) await unpackArchive({ ...archive, ...owned }, signal)
  }
  const { latestTime } = op
  return await commitStep(machine, { parent: inputs.root, key, lease, latestTime }, signal)
}

/** WORKDIR: what is missing on the way is made, 0755, for the user of the stage. */
export async function runMakeDirectory(
  machine: BuildMachine,
  {
    op,
    root,
    lease,
  }: { readonly op: MakeDirectoryOp; readonly root: SnapshotResult; readonly lease: Lease },
  context: RunContext,
): Promise<SnapshotResult> {
  const { signal } = context
  await using workspace = openWorkspace(machine)
  const { key, mount } = await workspace.prepare(root)
  const rootPath = workspace.mount(mount, 'rootfs')
  const owner =
    op.owner === undefined ? { uid: 0, gid: 0 } : ownerIn(rootPath, op.owner, warnTo(context))
  await makeDirectory({ rootPath, path: op.path, owner }, signal)
  const { latestTime } = op
  return await commitStep(machine, { parent: root, key, lease, latestTime }, signal)
}

/**
 * A bare number is its own group too. As in BuildKit a name that the target lacks means root,
 * which the step says.
 */
function ownerIn(rootfs: string, text: string, warn: (text: string) => void): Owner {
  if (/^\d{1,10}$/.test(text)) return { uid: Number(text), gid: Number(text) }
  try {
    return idsOf(rootfs, text)
  } catch (error) {
    warn(`${errorMessage(error)}; root owns the files\n`)
    const [user = '', group = ''] = text.split(':')
    const uid = idOr(0, () => idsOf(rootfs, user).uid)
    return { uid, gid: group === '' ? uid : idOr(uid, () => idsOf(rootfs, `0:${group}`).gid) }
  }
}

function idsOf(rootfs: string, user: string): Owner {
  const { uid, gid } = resolveUser({ rootfs, user }).user
  return { uid, gid }
}

function idOr(fallback: number, find: () => number): number {
  try {
    return find()
  } catch {
    return fallback
  }
}

function warnTo({ onOutput }: RunContext): (text: string) => void {
  return (text) => onOutput('stderr', Buffer.from(`warning: ${text}`))
}

interface Owner {
  readonly uid: number
  readonly gid: number
}
