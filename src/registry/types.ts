/**
 * The distribution client: a reference becomes a descriptor (**resolve**), a
 * descriptor becomes bytes (**fetch**), bytes become remote (**push**).
 * Speaks the OCI distribution spec over https, and http for registries that are
 * loopback or listed as insecure.
 */
import type { Descriptor } from '#oci/descriptor.ts'
import type { Digest } from '#oci/digest.ts'
import type { Reference } from '#oci/reference.ts'

/** What `X-Registry-Auth` or `docker login` carries; anonymous when absent. */
export type RegistryAuth =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'identityToken'; readonly token: string }
  | { readonly type: 'registryToken'; readonly token: string }

export interface RegistryOptions {
  /** `host[:port]` or CIDR, as dockerd's `--insecure-registry`. 127.0.0.0/8 and ::1 always are. */
  readonly insecureRegistries: readonly string[]
  /** Mirror base URLs for docker.io, tried first. */
  readonly mirrors: readonly string[]
  /** Directories with a directory of certificates per `host[:port]`, see `certificates.ts`. */
  readonly certificateDirectories?: readonly string[]
  readonly userAgent: string
  /** Gives up when a registry sends nothing for this long. */
  readonly idleTimeoutMs?: number
}

export interface RegistryClient extends AsyncDisposable {
  /** Opens a repository for pulling (and pushing, with `push`). No traffic yet. */
  repository(reference: Reference, access: RegistryAccess): Repository
  /** Checks credentials (`POST /auth`); returns an identity token when the registry issues one. */
  login(
    registry: string,
    auth: RegistryAuth,
    signal: AbortSignal,
  ): Promise<{ identityToken?: string }>
}

export interface RegistryAccess {
  readonly auth?: RegistryAuth
  readonly actions: readonly ('pull' | 'push')[]
  /** `X-Meta-*` headers of the API request, passed on. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * One repository. Errors: 401/403 → unauthenticated / permission_denied with
 * Docker's "pull access denied…" text, 404 → not_found ("manifest for x not found: manifest unknown"),
 * 5xx and time-outs → unavailable (after bounded retries for idempotent requests).
 */
export interface Repository {
  readonly reference: Reference
  /** HEAD (or GET) of the manifest by tag or digest. */
  resolve(signal: AbortSignal): Promise<Descriptor>
  /** In the registry's order. */
  listTags(signal: AbortSignal): Promise<string[]>
  /** A manifest or index, at most 4 MiB, verified against its digest and media type. */
  fetchManifest(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array>
  /** A blob's bytes from `offset` (Range). Not verified: the content store does that. */
  fetchBlob(descriptor: Descriptor, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>
  /** Sends a blob unless the registry has it. */
  pushBlob(upload: BlobUpload, signal: AbortSignal): Promise<'pushed' | 'existed' | 'mounted'>
  pushManifest(upload: ManifestUpload, signal: AbortSignal): Promise<void>
}

export interface ManifestUpload {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
  /** By digest alone when absent. */
  readonly tag?: string
}

export interface BlobUpload {
  readonly descriptor: Descriptor
  readonly source: () => AsyncIterable<Uint8Array>
  /** Another repository of the same registry that holds the blob: mounted instead of sent. */
  readonly mountFrom?: string
  readonly onSent?: (bytes: number) => void
}
