/** The files of a result as COPY and bind mounts read them. */
import { join } from 'node:path'
import type { BuildMachine } from '#build/ops/machine.ts'
import { type BuildResult, topOf } from '#build/ops/result.ts'
import { openWorkspace, type Workspace } from '#build/ops/workspace.ts'
import { type Digest, digestHex, digestOf, parseDigest } from '#oci/digest.ts'
import { digestFiles } from '#sys/trees/jobs.ts'
import type { Selection, TreeSource } from '#sys/trees/messages.ts'

export const everything: Selection = { patterns: ['/'], excludes: [], keepsParents: false }

export async function treeSource(
  machine: BuildMachine,
  workspace: Workspace,
  result: BuildResult,
): Promise<TreeSource> {
  const rootPath = await workspace.open(result)
  if (result.kind === 'snapshot') return { rootPath, ignore: [], isRootOwned: false }
  return {
    rootPath,
    ignore: result.ignore,
    isRootOwned: true,
    indexPath: indexPathOf(machine, result.path),
  }
}

/** @throws EngineError not_found `"/x": not found` */
export async function digestSelected(
  machine: BuildMachine,
  { result, selection }: { readonly result: BuildResult; readonly selection: Selection },
  signal: AbortSignal,
): Promise<Digest> {
  const top = result.kind === 'snapshot' ? topOf(result) : undefined
  const known = top && machine.selections.find(top, selection)
  if (known) return known
  await using workspace = openWorkspace(machine)
  const source = await treeSource(machine, workspace, result)
  const { directory: listingDirectory } = machine.listings
  const digest = parseDigest(await digestFiles(source, { selection, listingDirectory }, signal))
  machine.listings.trim()
  if (top) machine.selections.put(top, selection, digest)
  return digest
}

/** Beside the contexts, never inside one: what is in a context can be copied. */
function indexPathOf({ dataRoot }: BuildMachine, path: string): string {
  return join(dataRoot, 'content-index', digestHex(digestOf(path)))
}
