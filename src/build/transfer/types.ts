/**
 * How a build context comes to the engine: as a whole archive, from a URL, or as a
 * list of its files followed by those that the engine lacks. Every context ends
 * up as a directory under the data root that one build holds and only reads.
 */
import type { TarTime } from '#oci/tar/types.ts'

/** A directory that belongs to its holder until it is disposed. */
export interface HeldContext extends AsyncDisposable {
  readonly path: string
}

/** What a context URL led to. */
export type FetchedContext =
  | { readonly kind: 'directory'; readonly context: HeldContext }
  /** A plain text file: it is the Dockerfile, the context is empty. */
  | { readonly kind: 'dockerfile'; readonly text: string; readonly context: HeldContext }

/** One member of a context. Owners are not told: files of a context belong to root. */
export interface ContextEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink'
  /** Relative, with slashes, no `.` or `..` in it. */
  readonly path: string
  readonly mode: number
  readonly sizeBytes: number
  readonly mtime: TarTime
  /** Target of a symbolic link as it is, or the path of an earlier file that a hard link names. */
  readonly linkPath?: string
}

/** A kept directory on its way to what the client's list says. */
export interface ContextSync extends HeldContext {
  /** Indices of the entries whose content the client shall send. */
  readonly needed: readonly number[]
  /**
   * Takes a tar of the needed entries, in the order of the list, and makes the directory
   * equal to the list. Call it once, also when nothing is needed (with an empty archive).
   * @throws EngineError invalid_argument when something needed was not sent
   */
  apply(archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>
}

export interface KeptContext {
  readonly id: string
  readonly sizeBytes: number
  readonly lastUsedMs: number
  readonly isInUse: boolean
}

export interface BuildContexts {
  /**
   * Unpacks a tar (plain, gzip, bzip2, xz, zstd) into a directory of its own.
   * @throws EngineError invalid_argument for a damaged archive and members that leave it
   */
  receive(archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<HeldContext>
  /** An empty directory: a build without a context. */
  empty(): Promise<HeldContext>
  /** Fetches a git repository, a tar or a Dockerfile. @throws EngineError */
  fetch(url: string, signal: AbortSignal): Promise<FetchedContext>
  /**
   * Takes the directory kept for `key` and compares it with `entries`, the whole list,
   * parents before children. A directory that another build holds is left to it: this
   * build gets one of its own.
   * @throws EngineError invalid_argument for a list that is not one
   */
  sync(key: string, entries: readonly ContextEntry[]): Promise<ContextSync>
  /** Directories kept for the next build of their context. */
  list(): Promise<readonly KeptContext[]>
  /** Removes a kept directory unless a build holds it; false then. */
  remove(id: string): Promise<boolean>
}
