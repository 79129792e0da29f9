/**
 * The build graph. A vertex is an operation on the outputs of its inputs; its id
 * is the digest of the operation and of the inputs' ids, so equal work is one
 * vertex, within a build and across concurrent ones. What a vertex *reads* is
 * digested when its inputs are known: that is the cache key (`solver/`).
 */
import type { Brand } from '#base/brand.ts'
import type { ImageConfig, Platform } from '#oci/descriptor.ts'
import type { Digest } from '#oci/digest.ts'
import type { SourceRange } from '#build/dockerfile/source.ts'

export type VertexId = Brand<Digest, 'VertexId'>

export interface Vertex {
  readonly id: VertexId
  readonly op: Op
  readonly inputs: readonly VertexId[]
  /** Shown in progress: `[build 2/5] RUN make`. */
  readonly name: string
  /** The name with its variables as written, where it has any: the same whatever their values are. */
  readonly writtenName?: string
  readonly range?: SourceRange
  /** `--no-cache`: runs even when its key is known. */
  readonly ignoresCache: boolean
}

export type Op =
  | { readonly kind: 'scratch' }
  | ImageOp
  | ContextOp
  | HttpOp
  | GitOp
  | InlineFileOp
  | CopyOp
  | MergeOp
  | MakeDirectoryOp
  | ExecOp

/** What makes a layer. */
export interface StepOp {
  /** SOURCE_DATE_EPOCH: what the step makes is not newer than this (seconds since the epoch). */
  readonly latestTime?: number
}

/** A base image, its tag pinned to the digest that this build resolved. */
export interface ImageOp {
  readonly kind: 'image'
  readonly reference: string
  readonly digest: Digest
  readonly platform: Platform
}

/** A build context: `context` is the main one, others are named by `--build-context`. */
export interface ContextOp {
  readonly kind: 'context'
  readonly name: string
}

export interface HttpOp {
  readonly kind: 'http'
  readonly url: string
  readonly checksum?: Digest
}

export interface GitOp {
  readonly kind: 'git'
  readonly remote: string
  readonly ref: string
  readonly subdirectory: string
  readonly keepsGitDirectory: boolean
  readonly checksum?: string
}

/** A heredoc as a file. */
export interface InlineFileOp {
  readonly kind: 'inline-file'
  readonly name: string
  readonly content: string
}

/** What is copied from one input. */
export interface CopyPart {
  /** Go globs below the source root. */
  readonly sources: readonly string[]
  /** ADD: archives are unpacked. */
  readonly unpacks: boolean
}

/** inputs: [destination root, source root, …source roots of `more`]. */
export interface CopyOp extends StepOp, CopyPart {
  readonly kind: 'copy'
  /** Sources of another kind in the same instruction: heredocs or URLs beside files. */
  readonly more?: readonly CopyPart[]
  /** Absolute; a trailing slash means a directory. */
  readonly destination: string
  readonly excludes: readonly string[]
  /** `user[:group]`, resolved in the destination root; root when absent. */
  readonly owner?: string
  /** Octal or symbolic. */
  readonly mode?: string
  readonly keepsParents: boolean
  /** `--link`: an independent layer, no symlinks followed at the destination. */
  readonly isLink: boolean
}

/** inputs: [root, independent layer]. The layer of `COPY --link` over whatever the root is. */
export interface MergeOp {
  readonly kind: 'merge'
}

/** inputs: [root]. WORKDIR. */
export interface MakeDirectoryOp extends StepOp {
  readonly kind: 'make-directory'
  readonly path: string
  readonly owner?: string
}

/** inputs: [root, …inputs of mounts]. */
export interface ExecOp extends StepOp {
  readonly kind: 'exec'
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: string
  readonly mounts: readonly ExecMount[]
  readonly network: 'default' | 'none' | 'host'
  readonly security: 'sandbox' | 'insecure'
  readonly platform: Platform
}

export type ExecMount =
  | {
      readonly type: 'bind'
      readonly target: string
      /** Index into the vertex's inputs. */
      readonly input: number
      readonly source: string
      readonly isReadOnly: boolean
    }
  | {
      readonly type: 'cache'
      readonly target: string
      readonly cacheId: string
      readonly sharing: 'shared' | 'private' | 'locked'
      readonly input?: number
      readonly source: string
      readonly isReadOnly: boolean
      readonly mode: number
      readonly uid: number
      readonly gid: number
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly sizeBytes?: number }
  | {
      readonly type: 'secret'
      readonly secretId: string
      /** Path, absent when only `env` is asked for. */
      readonly target?: string
      readonly env?: string
      readonly isRequired: boolean
      readonly mode: number
      readonly uid: number
      readonly gid: number
    }
  | {
      readonly type: 'ssh'
      readonly sshId: string
      readonly target: string
      readonly isRequired: boolean
      readonly mode: number
      readonly uid: number
      readonly gid: number
    }

/** What a Dockerfile becomes. */
export interface BuildGraph {
  readonly vertices: ReadonlyMap<VertexId, Vertex>
  /** The root filesystem of the target stage. */
  readonly root: VertexId
  /** Vertices from the base to the root that make a layer each, in order. */
  readonly layers: readonly VertexId[]
  /** Config of the image, `rootfs` still empty; history complete, creation times unset. */
  readonly config: ImageConfig
}
