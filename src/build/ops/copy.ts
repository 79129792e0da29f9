/** COPY, ADD of local files, and WORKDIR. */
import type { CopyOp, MakeDirectoryOp } from '#build/graph/types.ts'
import { commitStep } from '#build/ops/commit.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { BuildResult, SnapshotResult } from '#build/ops/result.ts'
import { treeSource } from '#build/ops/selection.ts'
import { unpackArchive } from '#build/ops/unpack.ts'
import { openWorkspace } from '#build/ops/workspace.ts'
import { resolveUser } from '#runtime/user.ts'
import type { Lease } from '#store/types.ts'
import { copyFiles, makeDirectory } from '#sys/trees/jobs.ts'
import type { Selection } from '#sys/trees/messages.ts'

export interface CopyInputs {
  readonly root: SnapshotResult
  readonly source: BuildResult
}

export function selectionOf(op: CopyOp): Selection {
  return { patterns: op.sources, excludes: op.excludes, keepsParents: op.keepsParents }
}

/** @throws EngineError not_found for a source that is not there, invalid_argument for an unknown owner */
export async function runCopy(
  machine: BuildMachine,
  {
    op,
    inputs,
    lease,
  }: { readonly op: CopyOp; readonly inputs: CopyInputs; readonly lease: Lease },
  signal: AbortSignal,
): Promise<SnapshotResult> {
  await using workspace = openWorkspace(machine)
  const source = await treeSource(machine, workspace, inputs.source)
  const { key, mount } = await workspace.prepare(inputs.root)
  const rootPath = workspace.mount(mount, 'rootfs')
  const target = {
    rootPath,
    path: op.destination,
    leavesArchives: op.unpacks,
    ...(op.owner !== undefined && { owner: ownerIn(rootPath, op.owner) }),
    ...(op.mode !== undefined && { mode: op.mode }),
  }
  const archives = await copyFiles(source, { selection: selectionOf(op), target }, signal)
  for (const archive of archives) await unpackArchive(archive, signal)
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
  signal: AbortSignal,
): Promise<SnapshotResult> {
  await using workspace = openWorkspace(machine)
  const { key, mount } = await workspace.prepare(root)
  const rootPath = workspace.mount(mount, 'rootfs')
  const owner = op.owner === undefined ? { uid: 0, gid: 0 } : ownerIn(rootPath, op.owner)
  await makeDirectory({ rootPath, path: op.path, owner }, signal)
  const { latestTime } = op
  return await commitStep(machine, { parent: root, key, lease, latestTime }, signal)
}

/** A bare number is its own group too. @throws EngineError invalid_argument for an unknown name */
function ownerIn(rootfs: string, user: string): Owner {
  if (/^\d{1,10}$/.test(user)) return { uid: Number(user), gid: Number(user) }
  const { uid, gid } = resolveUser({ rootfs, user }).user
  return { uid, gid }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}
