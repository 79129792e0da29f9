/**
 * Durable state under the data root.
 *
 * Life of a layer: a lease is opened; the compressed blob is **ingested** into
 * the content store while its digest is computed; the same bytes are inflated
 * and extracted into a fresh layer directory by a worker; the directory is made
 * durable and **committed** under its chainID; the image record that refers to
 * it is written; the lease is closed. From then on the record is the gc root.
 * A crash at any point leaves at worst an ingest or an uncommitted directory,
 * which opening the store removes at the next start.
 *
 * Life of a container's filesystem: `prepare(key, parent)` makes an active
 * snapshot (upper and work directories over the parent's layers), `mount(key)`
 * says how to mount it, `remove(key)` drops it.
 */
import type { ChainId, DiffId, Digest } from '#oci/digest.ts'
import type { Brand } from '#base/brand.ts'

/** Names an active or view snapshot; a container's is its id. */
export type SnapshotKey = Brand<string, 'SnapshotKey'>
export type LeaseId = Brand<string, 'LeaseId'>

/** Immutable bytes by digest, at `<root>/content/blobs/<algorithm>/<hex>`. */
export interface ContentStore {
  /** Size of a present blob, or undefined. */
  find(digest: Digest): { readonly sizeBytes: number } | undefined
  /** Absolute path of a present blob. @throws EngineError not_found */
  path(digest: Digest): string
  /** The blob's bytes from `offset`. @throws EngineError not_found */
  read(digest: Digest, offset?: number): AsyncIterable<Uint8Array>
  /** Whole small blob (manifest, config); at most `maxBytes` (default 4 MiB). */
  readAll(digest: Digest, maxBytes?: number): Promise<Uint8Array>
  /**
   * Writes a blob. The bytes are hashed while they stream; digest and size are
   * checked at the end; the file is fsynced and renamed into place. Nothing is
   * visible before. With `resume`, an interrupted ingest of the same digest goes on at
   * its offset: `source` is called with the number of bytes already held.
   * `lease` keeps the blob from gc.
   * @throws EngineError data_loss on a digest or size mismatch (the partial file is dropped)
   */
  ingest(options: IngestOptions, signal?: AbortSignal): Promise<Digest>
  remove(digest: Digest): Promise<void>
  list(): Iterable<{ readonly digest: Digest; readonly sizeBytes: number }>
}

export interface IngestOptions {
  readonly lease: Lease
  /** Absent for locally made bytes, whose digest is then the result. */
  readonly expected?: { readonly digest: Digest; readonly sizeBytes?: number }
  readonly source: (offset: number) => AsyncIterable<Uint8Array>
  /**
   * Sees every byte of the blob from the first, in order, once it is hashed (feeds the unpacker):
   * also the part that a resumed ingest holds already, and a blob that turns out to be present.
   */
  readonly tee?: (chunk: Uint8Array) => void | Promise<void>
  readonly resume?: boolean
}

/** How to mount a filesystem; data, not the act. Lower directories come topmost first. */
export type Mount =
  | { readonly type: 'bind'; readonly source: string; readonly isReadOnly: boolean }
  | {
      readonly type: 'overlay'
      readonly lowerDirs: readonly string[]
      readonly upper?: { readonly upperDir: string; readonly workDir: string }
      /** The upper directory need not survive a power cut: no write ever waits for the disk. */
      readonly isVolatile?: boolean
    }

/** Where a layer is extracted to before it is committed. */
export interface LayerIngest {
  /** Directory to fill; owned by root, mode 0755. */
  readonly directory: string
}

/** Committed snapshots by chainID, active and view snapshots by key. */
export interface Snapshotter {
  has(chainId: ChainId): boolean
  /** A fresh directory to extract one layer into, outside every committed one. */
  beginLayer(lease: Lease): Promise<LayerIngest>
  /**
   * Makes the directory durable, then visible as `name` over `parent`, in one
   * transaction. Idempotent: a layer committed meanwhile by another pull wins.
   * Layers may be extracted and handed in in any order: a child waits for its
   * parent's commit when that is under way, so that all of them share one syncfs.
   * The lease of `beginLayer` keeps the layer. @throws not_found for an unknown parent
   */
  commitLayer(ingest: LayerIngest, layer: CommitLayerOptions): Promise<void>
  abortLayer(ingest: LayerIngest): Promise<void>
  /** An active snapshot over `parent` (undefined = empty). @throws already_exists, not_found */
  prepare(key: SnapshotKey, parent: ChainId | undefined, options?: PrepareOptions): Promise<Mount>
  /** A read-only snapshot of `parent`. */
  view(key: SnapshotKey, parent: ChainId): Promise<Mount>
  /** Turns an active snapshot into a committed one named `name` (used by commit and build). */
  commit(key: SnapshotKey, options: CommitLayerOptions): Promise<void>
  /** Makes a layer and all that it stands on survive a power cut; a no-op when they do already. */
  makeDurable(name: ChainId): Promise<void>
  mount(key: SnapshotKey): Mount
  /** The upper directory of an active snapshot (diff, archive). */
  upperDirectory(key: SnapshotKey): string
  find(key: SnapshotKey): { readonly parent?: ChainId } | undefined
  /** Its files go in the background, at the latest when the store is opened again. */
  remove(key: SnapshotKey): Promise<void>
  removeCommitted(chainId: ChainId): Promise<void>
  listCommitted(): Iterable<CommittedSnapshot>
  listActive(): Iterable<SnapshotKey>
  usage(key: SnapshotKey): Promise<{ readonly sizeBytes: number; readonly inodes: number }>
}

export interface PrepareOptions {
  /**
   * For what is thrown away after a crash anyway (`--rm`): unmounting does not wait
   * for the disk. Such a snapshot must not be committed after an unclean end.
   */
  readonly isVolatile?: boolean
}

export interface CommitLayerOptions {
  readonly name: ChainId
  readonly parent?: ChainId
  readonly diffId: DiffId
  /** Sum of the sizes of the layer's regular files. */
  readonly sizeBytes: number
  /**
   * False: visible at once, without waiting for the disk. Such a layer survives the
   * engine, but not a reboot, unless `makeDurable` comes first. Default true.
   */
  readonly isDurable?: boolean
}

export interface CommittedSnapshot {
  readonly name: ChainId
  readonly parent?: ChainId
  readonly diffId: DiffId
  readonly sizeBytes: number
}

/** A named hold that keeps content and snapshots from gc; lives in the metadata store. */
export interface Lease extends AsyncDisposable {
  readonly id: LeaseId
  keepContent(digest: Digest): void
  keepSnapshot(chainId: ChainId): void
}

export interface Leases {
  /** `await using lease = await leases.open('pull busybox')`. Left-overs of a crash are dropped at start. */
  open(purpose: string): Promise<Lease>
}

/** What gc must keep besides leases: asked of every registered owner at each run. */
export interface GcRoots {
  content(): Iterable<Digest>
  snapshots(): Iterable<ChainId>
}

export interface Gc {
  register(roots: GcRoots): void
  /** Removes what no lease and no root keeps. Concurrent calls share one run. */
  run(): Promise<GcResult>
}

export interface GcResult {
  readonly blobsRemoved: number
  readonly snapshotsRemoved: number
  readonly freedBytes: number
}

/**
 * The metadata database (node:sqlite, WAL). Each owner has its own tables and
 * migrations. Calls are synchronous: sub-millisecond, never across an await.
 */
export interface MetadataDb extends Disposable {
  /** Applies the statements not applied yet for `owner`; each once, in order. */
  migrate(owner: string, statements: readonly string[]): void
  /**
   * Runs `work` in one transaction; rolls back when it throws. `durable` waits for the disk.
   * On a full disk `work` may be run twice: it must touch nothing but the database.
   */
  transaction<T>(work: () => T, options?: { readonly durable?: boolean }): T
  run(sql: string, ...values: SqlValue[]): { readonly changes: number }
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined
  all(sql: string, ...values: SqlValue[]): SqlRow[]
}

export type SqlValue = string | number | bigint | Uint8Array | null
export type SqlRow = Readonly<Record<string, SqlValue>>

/** Everything in this folder, opened together by `openStores(root, …)`. */
export interface Stores extends AsyncDisposable {
  readonly db: MetadataDb
  readonly content: ContentStore
  readonly snapshots: Snapshotter
  readonly leases: Leases
  readonly gc: Gc
}
