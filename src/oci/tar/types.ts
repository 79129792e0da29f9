/**
 * Tar archives as data (POSIX ustar and pax, and the GNU extensions; tar(5)).
 * No file is touched here: the **parser** takes chunks and calls a handler, the
 * **encoder** takes entries and yields chunks.
 */

/** What an archive member is. Hard links are members of their own that name an earlier one. */
export type TarEntryType =
  | 'file'
  | 'hardlink'
  | 'symlink'
  | 'directory'
  | 'character'
  | 'block'
  | 'fifo'

export interface TarEntry {
  /** As in the archive; bytes that are not UTF-8 are kept as `decodeName` says. */
  readonly path: string
  readonly type: TarEntryType
  /** Permission bits with setuid, setgid and sticky: at most 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Length of the content, holes included; 0 for everything but files. */
  readonly sizeBytes: number
  readonly mtime: TarTime
  /** Target of a hard or symbolic link. */
  readonly linkPath?: string
  readonly device?: { readonly major: number; readonly minor: number }
  /** Extended attributes (`SCHILY.xattr.*`). */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>
  /** Where a sparse file has bytes, ascending; the rest is holes. */
  readonly extents?: readonly SparseExtent[]
}

export interface TarTime {
  /** Whole seconds since the epoch, rounded down. */
  readonly seconds: number
  readonly nanoseconds: number
}

export interface SparseExtent {
  readonly offset: number
  readonly sizeBytes: number
}

/** What a parser reports, in archive order. */
export interface TarHandler {
  entry(entry: TarEntry): void
  /** A piece of the current file's content; a view that is valid only during the call. */
  content(chunk: Uint8Array, offset: number): void
  /** The current member is complete. */
  endEntry(): void
}

/** What a hostile archive is cut at. */
export interface TarLimits {
  readonly maxEntries: number
  /** Longest path or link target. */
  readonly maxNameBytes: number
  /** Largest extension record (pax header, GNU long name) of one member. */
  readonly maxExtensionBytes: number
  readonly maxExtents: number
}

export const defaultTarLimits: TarLimits = {
  maxEntries: 4_000_000,
  maxNameBytes: 4095,
  maxExtensionBytes: 1024 * 1024,
  maxExtents: 65_536,
}

export const blockBytes = 512
