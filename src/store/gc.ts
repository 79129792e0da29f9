import { createSingleFlight } from '#base/async.ts'
import { errorKind } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { ChainId, Digest } from '#oci/digest.ts'
import type { OpenContentStore } from '#store/content.ts'
import type { LeaseBook } from '#store/leases.ts'
import type { CommittedSnapshot, Gc, GcResult, GcRoots, Snapshotter } from '#store/types.ts'

export interface GcDeps {
  readonly content: OpenContentStore
  readonly snapshots: Pick<Snapshotter, 'listCommitted' | 'listActive' | 'find' | 'removeCommitted'>
  readonly leases: LeaseBook
  readonly log: Logger
}

/**
 * Mark and sweep, layers and then blobs. Marking is a synchronous stretch; sweeping is not, so it
 * passes over what a lease took hold of since. Who wants to use something that
 * is there keeps it first and looks afterwards; then gc cannot take it away.
 */
export function createGc(deps: GcDeps): Gc {
  const roots: GcRoots[] = []
  const flight = createSingleFlight<GcResult>()
  return {
    register: (added) => void roots.push(added),
    run: () => flight('gc', () => collect(deps, roots)),
  }
}

async function collect(deps: GcDeps, roots: readonly GcRoots[]): Promise<GcResult> {
  using kept = deps.leases.watch()
  const layers = [...deps.snapshots.listCommitted()]
  const liveLayers = markSnapshots(deps, roots, layers)
  const result = { blobsRemoved: 0, snapshotsRemoved: 0, freedBytes: 0 }
  for (const layer of childrenFirst(layers).filter(({ name }) => !liveLayers.has(name))) {
    if (kept.snapshots.has(layer.name) || !(await removeLayer(deps, layer.name))) continue
    result.snapshotsRemoved++
    result.freedBytes += layer.sizeBytes
  }
  // After the layers: a compressed blob is kept for as long as its layer is there.
  const liveContent = markContent(deps, roots)
  const blobs = [...deps.content.list()].filter(({ digest }) => !liveContent.has(digest))
  for (const { digest, sizeBytes } of blobs) {
    if (kept.content.has(digest)) continue
    await deps.content.remove(digest)
    result.blobsRemoved++
    result.freedBytes += sizeBytes
  }
  await deps.content.dropIdleIngests()
  deps.log.debug(result, 'gc finished')
  return result
}

function markContent({ leases }: GcDeps, roots: readonly GcRoots[]): Set<Digest> {
  const live = leases.heldContent()
  for (const root of roots) for (const digest of root.content()) live.add(digest)
  return live
}

/** What is named, and all that it stands on. */
function markSnapshots(
  { leases, snapshots }: GcDeps,
  roots: readonly GcRoots[],
  layers: readonly CommittedSnapshot[],
): Set<ChainId> {
  const named = leases.heldSnapshots()
  for (const root of roots) for (const name of root.snapshots()) named.add(name)
  for (const key of snapshots.listActive()) {
    const parent = snapshots.find(key)?.parent
    if (parent !== undefined) named.add(parent)
  }
  const parents = new Map(layers.map(({ name, parent }) => [name, parent]))
  const live = new Set<ChainId>()
  for (const name of named) {
    for (let at: ChainId | undefined = name; at !== undefined && !live.has(at);) {
      live.add(at)
      at = parents.get(at)
    }
  }
  return live
}

/** Sorted so that no layer comes after its parent. */
function childrenFirst(layers: readonly CommittedSnapshot[]): CommittedSnapshot[] {
  const parents = new Map(layers.map(({ name, parent }) => [name, parent]))
  const depths = new Map<ChainId, number>()
  const depthOf = (name: ChainId) => {
    let depth = 0
    for (let at = parents.get(name); at !== undefined; at = parents.get(at)) depth++
    return depth
  }
  for (const { name } of layers) depths.set(name, depthOf(name))
  return layers.toSorted((a, b) => (depths.get(b.name) ?? 0) - (depths.get(a.name) ?? 0))
}

/** False when something came to stand on it, or it is gone already. */
async function removeLayer({ snapshots }: GcDeps, name: ChainId): Promise<boolean> {
  try {
    await snapshots.removeCommitted(name)
    return true
  } catch (error) {
    const kind = errorKind(error)
    if (kind === 'conflict' || kind === 'not_found') return false
    throw error
  }
}
