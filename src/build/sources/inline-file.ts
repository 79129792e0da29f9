/** Heredocs and fetched files: layers of one file. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InlineFileOp } from '#build/graph/types.ts'
import { commitStep } from '#build/ops/commit.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import { emptyResult, type SnapshotResult } from '#build/ops/result.ts'
import { openWorkspace } from '#build/ops/workspace.ts'
import type { Lease } from '#store/types.ts'

export async function writeInlineFile(
  machine: BuildMachine,
  { op, lease }: { readonly op: InlineFileOp; readonly lease: Lease },
  signal: AbortSignal,
): Promise<SnapshotResult> {
  const fill = async (directory: string) => {
    const path = join(directory, op.name.replaceAll('/', '_'))
    writeFileSync(path, op.content, { flag: 'wx' })
    chmodSync(path, 0o644)
  }
  return await commitFiles(machine, { fill, lease }, signal)
}

/** A layer of its own with what `fill` puts into a directory. */
export async function commitFiles(
  machine: BuildMachine,
  { fill, lease }: { readonly fill: (directory: string) => Promise<void>; readonly lease: Lease },
  signal: AbortSignal,
): Promise<SnapshotResult> {
  await using workspace = openWorkspace(machine)
  const { key } = await workspace.prepare(emptyResult)
  await fill(machine.stores.snapshots.upperDirectory(key))
  const latestTime = undefined
  return await commitStep(machine, { parent: emptyResult, key, lease, latestTime }, signal)
}
