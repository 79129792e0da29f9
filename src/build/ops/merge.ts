/** The layer of `COPY --link` over a root: its files as they are, whatever the root is. */
import { EngineError } from '#base/errors.ts'
import { commitStep } from '#build/ops/commit.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import { everything } from '#build/ops/selection.ts'
import { openWorkspace } from '#build/ops/workspace.ts'
import type { Lease } from '#store/types.ts'
import { copyFiles } from '#sys/trees/jobs.ts'

export interface Merge {
  readonly root: SnapshotResult
  /** Of one layer. */
  readonly layer: SnapshotResult
  readonly lease: Lease
}

export async function runMerge(
  machine: BuildMachine,
  { root, layer, lease }: Merge,
  signal: AbortSignal,
): Promise<SnapshotResult> {
  await using workspace = openWorkspace(machine)
  const [only, ...others] = layer.layers
  if (!only || others.length > 0) throw new EngineError('internal', 'merge: not one layer')
  const { key } = await workspace.prepare(root)
  const source = { rootPath: await workspace.open(layer), ignore: [], isRootOwned: false }
  const rootPath = machine.stores.snapshots.upperDirectory(key)
  const target = { rootPath, path: '/', leavesArchives: false }
  await copyFiles(source, { selection: everything, target }, signal)
  return await commitStep(machine, { parent: root, key, lease, latestTime: undefined }, signal)
}
