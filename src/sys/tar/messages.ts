import { EngineError, errnoOf, errorKind, errorMessage, type ErrorKind } from '#base/errors.ts'
import type { TarLimits } from '#oci/tar/types.ts'

/** To an extraction worker. A job is one layer; the worker does one at a time. */
export type ExtractRequest =
  | {
      readonly type: 'begin'
      readonly directory: string
      readonly limits: ExtractLimits
      readonly form: ArchiveForm
      /** Of everything that is extracted; the archive's own owners when absent. */
      readonly owner?: EntryOwner
      /** Paths below the directory that are removed first. */
      readonly removes: readonly string[]
    }
  | { readonly type: 'chunk'; readonly bytes: Uint8Array }
  | { readonly type: 'end' }
  | { readonly type: 'abort' }

/**
 * `layer`: whiteouts hide what lies below. The others: names mean themselves, and the archive gets
 * no digest; `context`: a build context, whose devices and FIFOs are left out; `added`: what ADD unpacks.
 */
export type ArchiveForm = 'layer' | 'context' | 'added'

export interface EntryOwner {
  readonly uid: number
  readonly gid: number
}

/** From an extraction worker. After `done`, `failed` or `aborted` it takes the next `begin`. */
export type ExtractReply =
  | { readonly type: 'consumed'; readonly sizeBytes: number }
  | { readonly type: 'done'; readonly result: ExtractedLayer }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'aborted' }

export interface ExtractLimits extends TarLimits {
  /** Longest uncompressed archive. */
  readonly maxTarBytes: number
  /** Largest ratio of uncompressed to compressed bytes, judged beyond `ratioFromBytes`. */
  readonly maxRatio: number
  readonly ratioFromBytes: number
}

export interface ExtractedLayer {
  /** `sha256:…` of the uncompressed archive; empty for a plain one. */
  readonly diffId: string
  /** Sum of the sizes of the regular files. */
  readonly sizeBytes: number
  /** Length of the uncompressed archive. */
  readonly tarBytes: number
  readonly entries: number
}

/** An error as data; classes do not survive the way between threads. */
export interface Failure {
  readonly kind: ErrorKind
  readonly message: string
  readonly errno?: string
}

/** Refusals of the kernel that tell about the disk or the archive, not about us. */
const kindsByErrno: Readonly<Record<string, ErrorKind>> = {
  ENOSPC: 'resource_exhausted',
  EDQUOT: 'resource_exhausted',
  ENAMETOOLONG: 'data_loss',
  ELOOP: 'data_loss',
  EFBIG: 'data_loss',
}

export function toFailure(error: unknown): Failure {
  const errno = errnoOf(error)
  const kind = kindsByErrno[errno ?? ''] ?? errorKind(error)
  const isFull = kind === 'resource_exhausted' && errno !== undefined
  const message = isFull ? 'no space left on device' : errorMessage(error)
  return { kind, message, ...(errno === undefined ? {} : { errno }) }
}

export function fromFailure(action: string, { kind, message, errno }: Failure): EngineError {
  return new EngineError(kind, `${action}: ${message}`, errno === undefined ? {} : { errno })
}
