import { EngineError, type ErrorKind } from '#base/errors.ts'
import type { LayerDigest } from '#sys/trees/layer-digest.ts'

/** Where files are read: a mounted snapshot, or the directory of a build context. */
export interface TreeSource {
  readonly rootPath: string
  /** Patterns of an ignore file: what they match is not there. */
  readonly ignore: readonly string[]
  /** Everything counts as root's, as files of a build context do. */
  readonly isRootOwned: boolean
  /** Keeps digests of unchanged files between calls. */
  readonly indexPath?: string
}

/** Which files of a source: the arguments of COPY. */
export interface Selection {
  /** Paths or Go globs below the source's root. */
  readonly patterns: readonly string[]
  /** Below each directory that a pattern matches. */
  readonly excludes: readonly string[]
  /** Names keep their directories (`--parents`); `**` matches any number of them. */
  readonly keepsParents: boolean
}

export interface CopyTarget {
  /** Directories on the way are 0755 whatever `mode` is: they will lie over ones that exist. */
  readonly makesPlainParents?: boolean
  readonly rootPath: string
  /** Absolute; with a trailing slash it is a directory. */
  readonly path: string
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Octal digits, or symbolic (`u=rwX,go=rX`). */
  readonly mode?: string
  /** Archives are left to the caller. */
  readonly leavesArchives: boolean
}

export interface NewDirectory {
  readonly rootPath: string
  readonly path: string
  readonly owner: { readonly uid: number; readonly gid: number }
  /** Of each directory that is made; default 0755. */
  readonly mode?: number
}

/** An archive that COPY was told to unpack: paths of the machine. */
export interface FoundArchive {
  readonly path: string
  readonly directory: string
}

export type TreeRequest =
  | {
      readonly type: 'digest-layer'
      readonly directory: string
      readonly latestTime: number | undefined
    }
  | {
      readonly type: 'select'
      readonly source: TreeSource
      readonly selection: Selection
      readonly listingDirectory?: string
    }
  | {
      readonly type: 'copy'
      readonly source: TreeSource
      readonly selection: Selection
      readonly target: CopyTarget
    }
  | { readonly type: 'make-directory'; readonly directory: NewDirectory }

export interface TreeResults {
  'digest-layer': LayerDigest
  select: string
  copy: readonly FoundArchive[]
  'make-directory': null
}

export type TreeReply =
  | { readonly type: 'done'; readonly result: TreeResults[keyof TreeResults] }
  | { readonly type: 'failed'; readonly failure: TreeFailure }

/** An error as data; classes do not survive the way between threads. */
export interface TreeFailure {
  readonly kind: ErrorKind
  readonly message: string
  readonly errno?: string
  readonly hint?: string
}

export function fromTreeFailure({ kind, message, errno, hint }: TreeFailure): EngineError {
  return new EngineError(kind, message, {
    ...(errno === undefined ? {} : { errno }),
    ...(hint === undefined ? {} : { hint }),
  })
}
