import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { ChainId } from '#oci/digest.ts'
import { createLayerCommits, type LayerCommits } from '#store/layer-commits.ts'
import { snapshotsDirectory } from '#store/quarantine.ts'
import { openSnapshotDirectories, type SnapshotDirectories } from '#store/snapshot-directories.ts'
import { openSnapshotRows, unknownSnapshot } from '#store/snapshot-rows.ts'
import type { ActiveRow, SnapshotRows } from '#store/snapshot-rows.ts'
import { createSyncBatch } from '#store/sync-batch.ts'
import { treeUsage } from '#store/tree-usage.ts'
import type { MetadataDb, Mount, SnapshotKey, Snapshotter } from '#store/types.ts'

export interface OverlayOptions {
  readonly root: string
  readonly db: MetadataDb
  readonly log: Logger
  /** Tells this run of the machine from others: /proc/sys/kernel/random/boot_id. */
  readonly bootId: string
}

interface Overlay {
  readonly rows: SnapshotRows
  readonly directories: SnapshotDirectories
  readonly commits: LayerCommits
}

/**
 * The snapshotter on overlayfs. Layers at `<root>/snapshots/<n>/fs`; an active snapshot
 * has its upper directory there and `<n>/work` beside it. Whatever no row names is swept at open.
 */
export function openOverlaySnapshotter(options: OverlayOptions): Snapshotter & AsyncDisposable {
  const base = join(options.root, snapshotsDirectory)
  const rows = openSnapshotRows({ db: options.db, bootId: options.bootId })
  const directories = openSnapshotDirectories(base, options.log)
  directories.sweep(rows.directories())
  const filesystem = openSync(base, 'r')
  const sync = createSyncBatch(filesystem)
  const commits = createLayerCommits({ db: options.db, rows, directories, sync })
  const overlay: Overlay = { rows, directories, commits }
  return {
    ...layerCalls(overlay),
    ...activeCalls(overlay),
    async [Symbol.asyncDispose]() {
      await directories[Symbol.asyncDispose]()
      closeSync(filesystem)
    },
  }
}

type LayerCalls = Pick<
  Snapshotter,
  | 'has'
  | 'beginLayer'
  | 'commitLayer'
  | 'abortLayer'
  | 'removeCommitted'
  | 'listCommitted'
  | 'commit'
  | 'makeDurable'
>

function layerCalls({ rows, directories, commits }: Overlay): LayerCalls {
  return {
    has: (chainId) => rows.findLayer(chainId) !== undefined,
    beginLayer: (lease) => commits.begin(lease),
    commitLayer: (ingest, layer) => commits.commit(ingest, layer),
    abortLayer: (ingest) => commits.abort(ingest),
    makeDurable: (name) => commits.makeDurable(name),
    async commit(key, layer) {
      const row = getActive(rows, key)
      if (row.kind === 'view') {
        throw new EngineError('failed_precondition', `commit snapshot "${key}": it is read-only`)
      }
      await commits.commitActive(row, layer)
    },
    async removeCommitted(chainId) {
      const row = rows.findLayer(chainId)
      rows.deleteLayer(chainId)
      if (row) await directories.remove(row.directory)
    },
    *listCommitted() {
      for (const { directory: _, ...layer } of rows.layers()) yield layer
    },
  }
}

type ActiveCalls = Omit<Snapshotter, keyof LayerCalls>

function activeCalls(overlay: Overlay): ActiveCalls {
  const { rows, directories } = overlay
  return {
    prepare: async (key, parent, options = {}) => {
      const isVolatile = options.isVolatile === true && parent !== undefined
      return create(overlay, { key, parent, kind: 'active', isVolatile })
    },
    view: async (key, parent) => create(overlay, { key, parent, kind: 'view', isVolatile: false }),
    mount: (key) => mountOf(overlay, getActive(rows, key)),
    upperDirectory: (key) => directories.layer(getActive(rows, key).directory),
    find(key) {
      const row = rows.findActive(key)
      return row && (row.parent === undefined ? {} : { parent: row.parent })
    },
    async remove(key) {
      const { directory } = getActive(rows, key)
      rows.deleteActive(key)
      void directories.remove(directory)
    },
    *listActive() {
      for (const row of rows.active()) yield row.key
    },
    usage: (key) => treeUsage(directories.layer(getActive(rows, key).directory)),
  }
}

function getActive(rows: SnapshotRows, key: SnapshotKey): ActiveRow {
  const row = rows.findActive(key)
  if (!row) throw unknownSnapshot(key)
  return row
}

interface NewSnapshot extends Pick<ActiveRow, 'key' | 'kind' | 'isVolatile'> {
  readonly parent: ChainId | undefined
}

/** Synchronous from the check to the row, so that gc cannot take the parent in between. */
function create(overlay: Overlay, { parent, ...snapshot }: NewSnapshot): Mount {
  const { rows, directories } = overlay
  if (rows.findActive(snapshot.key)) {
    throw new EngineError('already_exists', `snapshot "${snapshot.key}": already exists`)
  }
  if (parent !== undefined && !rows.findLayer(parent)) throw unknownSnapshot(parent)
  const directory = directories.create(snapshot.kind === 'active' && parent !== undefined)
  const row = { ...snapshot, directory, ...(parent === undefined ? {} : { parent }) }
  try {
    rows.insertActive(row)
  } catch (error) {
    void directories.remove(directory)
    throw error
  }
  return mountOf(overlay, row)
}

function mountOf({ rows, directories }: Overlay, row: ActiveRow): Mount {
  const own = directories.layer(row.directory)
  if (row.parent === undefined) return { type: 'bind', source: own, isReadOnly: false }
  const lowerDirs = rows.chain(row.parent).map((directory) => directories.layer(directory))
  if (row.kind === 'active') {
    return {
      type: 'overlay',
      lowerDirs,
      upper: { upperDir: own, workDir: directories.work(row.directory) },
      ...(row.isVolatile ? { isVolatile: true } : {}),
    }
  }
  const [only, ...others] = lowerDirs
  return only !== undefined && others.length === 0
    ? { type: 'bind', source: only, isReadOnly: true }
    : { type: 'overlay', lowerDirs }
}
