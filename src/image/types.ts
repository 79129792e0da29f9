/**
 * Images: records that name content. Life of an image: `pull` resolves a
 * reference, fetches manifest, config and layers, unpacks the layers to
 * snapshots and writes the record; `tag` adds names; `remove` drops names and,
 * with the last, the record; gc frees what nothing names any more.
 */
import type { Instant } from '#base/clock.ts'
import type { Descriptor, ImageConfig, Platform } from '#oci/descriptor.ts'
import type { ChainId, Digest } from '#oci/digest.ts'
import type { Reference } from '#oci/reference.ts'
import type { ImageParts } from '#image/assemble.ts'
import type { MadeImage } from '#image/create.ts'
import type { LayerBlobs } from '#image/layer-blobs.ts'
import type { ArchivedParts } from '#image/save.ts'
import type { RegistryAuth } from '#registry/types.ts'
import type { Lease } from '#store/types.ts'

/** The classic image id: digest of the image config. */
export type ImageId = Digest

export interface Image {
  readonly id: ImageId
  /** Familiar names with tag: `busybox:latest`. Empty = dangling. */
  readonly repoTags: readonly string[]
  /** Familiar names with digest: `busybox@sha256:…`. */
  readonly repoDigests: readonly string[]
  /** The platform manifest, and the index it came from when there was one. */
  readonly manifest: Descriptor
  readonly index?: Descriptor
  readonly config: ImageConfig
  readonly platform: Platform
  /** Top of the unpacked stack; undefined for an image without layers. */
  readonly chainId?: ChainId
  /** Unpacked size in bytes of all layers. */
  readonly sizeBytes: number
  readonly createdAt: Instant
  readonly lastTaggedAt?: Instant
}

/** Progress of pull, load, import and push; the API turns these into Docker's JSON lines. */
export type ImageProgress =
  | { readonly type: 'status'; readonly id?: string; readonly text: string }
  | {
      readonly type: 'transfer'
      /** Short layer id. */
      readonly id: string
      readonly action: 'Downloading' | 'Extracting' | 'Loading layer' | 'Pushing'
      readonly currentBytes: number
      readonly totalBytes?: number
    }
  | { readonly type: 'stream'; readonly text: string }
  | { readonly type: 'aux'; readonly value: Readonly<Record<string, unknown>> }

export type OnProgress = (event: ImageProgress) => void

export interface PullOptions {
  readonly reference: Reference
  readonly auth?: RegistryAuth
  readonly platform?: Platform
  readonly headers?: Readonly<Record<string, string>>
  readonly onProgress?: OnProgress
}

export interface PushOptions {
  /** Every tag of the repository when it names none. */
  readonly reference: Reference
  readonly auth?: RegistryAuth
  /** This one of the image's platforms alone. */
  readonly platform?: Platform
  readonly headers?: Readonly<Record<string, string>>
  readonly onProgress?: OnProgress
}

/** An archive's bytes, or where the engine fetches them. */
export type ImportRootfs = AsyncIterable<Uint8Array> | URL

export interface ImportOptions {
  readonly reference?: Reference
  readonly message?: string
  /** Dockerfile instructions applied to the new config (`--change`). */
  readonly changes?: readonly string[]
  readonly platform?: Platform
  readonly onProgress?: OnProgress
}

export type RemovedImage = { readonly untagged: string } | { readonly deleted: string }

export interface RemoveImageOptions {
  readonly force: boolean
  /** Keep untagged parents; accepted for Docker's sake. */
  readonly noPrune: boolean
  /** Which containers use an image: running ones always conflict, stopped ones unless forced. */
  readonly usedBy: (id: ImageId) => readonly ImageUser[]
}

export interface ImageUser {
  readonly containerId: string
  readonly isRunning: boolean
}

/** Something that happened to an image, for the event stream. */
export interface ImageEvent {
  readonly action:
    | 'pull'
    | 'push'
    | 'tag'
    | 'untag'
    | 'delete'
    | 'import'
    | 'load'
    | 'save'
    | 'create'
    | 'prune'
  /** Image id, or the reference for pull, push and create. */
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
}

export interface Images {
  /** By id, unique id prefix, tag or digest reference. @throws not_found "No such image: x" */
  get(nameOrId: string): Image
  find(nameOrId: string): Image | undefined
  list(): readonly Image[]
  /** Concurrent pulls of one reference share the work; each caller sees progress. */
  pull(options: PullOptions, signal: AbortSignal): Promise<Image>
  /** Every tag of the repository that the reference names. */
  pullAll(options: PullOptions, signal: AbortSignal): Promise<readonly Image[]>
  /** docker-archive or OCI layout tar, plain or compressed (sniffed). */
  load(
    archive: AsyncIterable<Uint8Array>,
    options: { readonly platform?: Platform; readonly onProgress?: OnProgress },
    signal: AbortSignal,
  ): Promise<readonly Image[]>
  /**
   * Sends an image to the registry that its name names.
   * @throws EngineError not_found "An image does not exist locally with the tag: x",
   *   permission_denied "denied: requested access to the resource is denied"
   */
  push(options: PushOptions, signal: AbortSignal): Promise<void>
  /**
   * An archive that `docker load` and OCI tools read. A name without a tag stands for all tags.
   * Failures that can be told beforehand reject the promise, not the stream.
   * @throws EngineError not_found
   */
  save(
    names: readonly string[],
    options: { readonly platform?: Platform },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>
  /** Stores config and manifest of an image that was built here; `create` makes it visible. */
  describe(
    image: MadeImage,
    hold: { readonly lease: Lease; readonly signal: AbortSignal },
  ): Promise<ImageParts>
  create(parts: ImageParts, names: readonly Reference[]): Promise<Image>
  /** The archive of an image that was described, recorded or not. */
  archive(archived: ArchivedParts, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Compressed blobs of layers, and their tars. */
  readonly layerBlobs: LayerBlobs
  /** A root filesystem tar, sent or fetched, plain or compressed, becomes a one-layer image. */
  import(rootfs: ImportRootfs, options: ImportOptions, signal: AbortSignal): Promise<Image>
  /** @throws not_found, invalid_argument */
  tag(nameOrId: string, target: Reference): Image
  /**
   * What only this image kept is left to gc, which the event `delete` calls for.
   * @throws not_found, conflict
   */
  remove(nameOrId: string, options: RemoveImageOptions): Promise<readonly RemovedImage[]>
  history(nameOrId: string): readonly ImageHistory[]
}

export interface ImageHistory {
  readonly id: string
  readonly createdAt?: Instant
  readonly createdBy: string
  readonly comment: string
  readonly sizeBytes: number
  readonly tags: readonly string[]
}
