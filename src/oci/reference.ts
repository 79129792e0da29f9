import type { Digest } from '#oci/digest.ts'

/**
 * A parsed `registry/repository:tag@digest` (distribution/reference grammar).
 * `parseReference('busybox')` is `docker.io` / `library/busybox`, with no tag:
 * callers that need one use `withDefaultTag`.
 */
export interface Reference {
  /** Host and optional port, `docker.io` when the text names none. */
  readonly registry: string
  /** Path below the registry, `library/` added for docker.io's single-name repositories. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}
