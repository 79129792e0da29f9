/** Results as directories that a step may have mounted. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BuildMachine } from '#build/ops/machine.ts'
import { type BuildResult, emptyResult } from '#build/ops/result.ts'
import { treeSource, everything } from '#build/ops/selection.ts'
import type { Workspace } from '#build/ops/workspace.ts'
import { copyFiles } from '#sys/trees/jobs.ts'

let count = 0

/** To read from; a context shows what its ignore patterns leave. */
export async function openMounted(
  machine: BuildMachine,
  workspace: Workspace,
  result: BuildResult,
): Promise<string> {
  if (result.kind === 'snapshot' || result.ignore.length === 0) return workspace.open(result)
  const copy = await workspace.prepare(emptyResult)
  const rootPath = workspace.mount(copy.mount, `filtered-${++count}`)
  const source = await treeSource(machine, workspace, result)
  const target = { rootPath, path: '/', leavesArchives: false }
  const never = new AbortController().signal
  await copyFiles(source, { selection: everything, target }, never)
  return rootPath
}

/** To read from and to write into; what is written is gone with the step. */
export async function openWritable(
  machine: BuildMachine,
  workspace: Workspace,
  result: BuildResult,
): Promise<string> {
  if (result.kind === 'snapshot') {
    const { mount } = await workspace.prepare(result)
    return workspace.mount(mount, `writable-${++count}`)
  }
  const lower = await openMounted(machine, workspace, result)
  const scratch = await workspace.prepare(emptyResult)
  const upperDir = machine.stores.snapshots.upperDirectory(scratch.key)
  const workDir = join(dirname(upperDir), 'work')
  mkdirSync(workDir, { mode: 0o700 })
  const upper = { upperDir, workDir }
  return workspace.mount({ type: 'overlay', lowerDirs: [lower], upper }, `writable-${++count}`)
}
