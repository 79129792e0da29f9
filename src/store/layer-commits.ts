import { EngineError } from '#base/errors.ts'
import type { ChainId } from '#oci/digest.ts'
import type { SnapshotDirectories } from '#store/snapshot-directories.ts'
import { unknownSnapshot, type ActiveRow, type SnapshotRows } from '#store/snapshot-rows.ts'
import type { CommitLayerOptions, LayerIngest, Lease, MetadataDb } from '#store/types.ts'

/** How extracted directories and active snapshots become committed ones. */
export interface LayerCommits {
  begin(lease: Lease): Promise<LayerIngest>
  commit(ingest: LayerIngest, layer: CommitLayerOptions): Promise<void>
  commitActive(row: ActiveRow, layer: CommitLayerOptions): Promise<void>
  abort(ingest: LayerIngest): Promise<void>
  makeDurable(name: ChainId): Promise<void>
}

export interface LayerCommitDeps {
  readonly db: MetadataDb
  readonly rows: SnapshotRows
  readonly directories: SnapshotDirectories
  /** Settles when everything written so far is on disk. */
  readonly sync: () => Promise<void>
}

interface OpenIngest {
  readonly directory: number
  readonly lease: Lease
}

export function createLayerCommits(deps: LayerCommitDeps): LayerCommits {
  const { rows, directories } = deps
  const ingests = new Map<LayerIngest, OpenIngest>()
  const underWay = new Map<ChainId, Promise<void>>()
  const take = (ingest: LayerIngest) => {
    const found = ingests.get(ingest)
    if (!found) throw new EngineError('not_found', `layer ingest "${ingest.directory}": not open`)
    ingests.delete(ingest)
    return found
  }
  /** Waits for the disk and for the parent, then inserts; true when the layer is ours now. */
  const publish = async (directory: number, layer: CommitLayerOptions, alsoIn?: () => void) => {
    const parentCommit = layer.parent === undefined ? undefined : underWay.get(layer.parent)
    const synced = layer.isDurable === false ? undefined : deps.sync()
    const commit = Promise.all([synced, parentCommit]).then(() =>
      insert(deps, { directory, layer, alsoIn }),
    )
    const settled = commit.then(
      () => undefined,
      () => undefined,
    )
    underWay.set(layer.name, settled)
    try {
      return await commit
    } finally {
      if (underWay.get(layer.name) === settled) underWay.delete(layer.name)
    }
  }
  const makeDurable = async (name: ChainId) => {
    if (!rows.isVolatile(name)) return
    await deps.sync()
    deps.db.transaction(() => rows.markDurable(name), { durable: true })
  }
  /** A layer that was there already may have been a build's. */
  const confirm = async ({ name, isDurable }: CommitLayerOptions) => {
    if (isDurable !== false && rows.findLayer(name)) await makeDurable(name)
  }
  return {
    makeDurable,
    async begin(lease) {
      const directory = directories.create(false)
      const ingest: LayerIngest = { directory: directories.layer(directory) }
      ingests.set(ingest, { directory, lease })
      return ingest
    },
    async commit(ingest, layer) {
      const { directory, lease } = take(ingest)
      let isOurs = false
      try {
        lease.keepSnapshot(layer.name)
        isOurs = rows.findLayer(layer.name) === undefined && (await publish(directory, layer))
        await confirm(layer)
      } finally {
        if (!isOurs) await directories.remove(directory)
      }
    },
    async commitActive(row, layer) {
      const isOurs = await publish(row.directory, layer, () => rows.deleteActive(row.key))
      if (!isOurs) {
        rows.deleteActive(row.key)
        await directories.remove(row.directory)
        await confirm(layer)
        return
      }
      await directories.removeWork(row.directory)
    },
    async abort(ingest) {
      await directories.remove(take(ingest).directory)
    },
  }
}

interface Insert {
  readonly directory: number
  readonly layer: CommitLayerOptions
  /** Done in the same transaction. */
  readonly alsoIn: (() => void) | undefined
}

function insert({ db, rows }: LayerCommitDeps, { directory, layer, alsoIn }: Insert): boolean {
  if (rows.findLayer(layer.name)) return false
  if (layer.parent !== undefined && !rows.findLayer(layer.parent))
    throw unknownSnapshot(layer.parent)
  db.transaction(
    () => {
      alsoIn?.()
      rows.insertLayer(directory, layer)
    },
    { durable: layer.isDurable !== false },
  )
  return true
}
