/**
 * `docker push`: layers, config and manifest of one tag, or of every tag of a repository, go to
 * its registry. What the registry has is not sent; what has no compressed blob yet gets one.
 */
import { EngineError } from '#base/errors.ts'
import { type Descriptor, mediaTypes, type Platform } from '#oci/descriptor.ts'
import type { Digest } from '#oci/digest.ts'
import { parseManifestDocument } from '#oci/manifest.ts'
import { formatPlatform, matchesPlatform } from '#oci/platform.ts'
import {
  familiarName,
  familiarRepository,
  type Reference,
  withDigest,
  withTag,
} from '#oci/reference.ts'
import { storeBytes } from '#image/build-manifest.ts'
import type { LayerBlobs } from '#image/layer-blobs.ts'
import { inFamily } from '#image/media-types.ts'
import { status } from '#image/progress.ts'
import { pushIndex } from '#image/push-index.ts'
import { pushBlob, pushLayers, type PushTarget } from '#image/push-layers.ts'
import { pushNames } from '#image/push-names.ts'
import { type ImageFacts, platformOf } from '#image/record-codec.ts'
import type { ImageRecords } from '#image/records.ts'
import type { ImageEvent, ImageId, PushOptions } from '#image/types.ts'
import type { RegistryClient } from '#registry/types.ts'
import type { Stores } from '#store/types.ts'

export interface PushDeps {
  readonly stores: Stores
  readonly registry: RegistryClient
  readonly records: ImageRecords
  readonly layerBlobs: LayerBlobs
  readonly onEvent: (event: ImageEvent) => void
}

/** @throws EngineError not_found, permission_denied "denied: requested access to the resource is denied" */
export async function pushImages(
  deps: PushDeps,
  options: PushOptions,
  signal: AbortSignal,
): Promise<void> {
  const { reference, onProgress = () => undefined } = options
  const { registry, repository: path } = reference
  onProgress(status(`The push refers to repository [${registry}/${path}]`))
  const names = pushNames(deps.records, reference)
  const repository = deps.registry.repository(reference, {
    actions: ['pull', 'push'],
    ...(options.auth ? { auth: options.auth } : {}),
    ...(options.headers ? { headers: options.headers } : {}),
  })
  await using lease = await deps.stores.leases.open(`push ${familiarName(reference)}`)
  const { content } = deps.stores
  const target: PushTarget = { ...deps, content, repository, lease, onProgress }
  for (const { tag, imageId } of names) {
    const facts = factsOf(deps.records, imageId)
    checkPlatform(facts, { reference: withTag(reference, tag), platform: options.platform })
    const pushed = await pushTag(target, { facts, tag, isWhole: !options.platform }, signal)
    onProgress(status(`${tag}: digest: ${pushed.digest} size: ${pushed.size}`))
    const aux = { Tag: tag, Digest: pushed.digest, Size: pushed.size }
    onProgress({ type: 'aux', value: aux })
    announce(deps, { reference: withTag(reference, tag), imageId, digest: pushed.digest })
  }
}

interface TagPush {
  readonly facts: ImageFacts
  readonly tag: string
  /** With all of its platforms, where they are here. */
  readonly isWhole: boolean
}

/** @returns what the tag stands for in the registry now */
async function pushTag(
  target: PushTarget,
  { facts, tag, isWhole }: TagPush,
  signal: AbortSignal,
): Promise<Descriptor> {
  const layers = await pushLayers(target, facts, signal)
  const { config, manifest } = await describe(target, facts, layers)
  await pushBlob(target, config, { signal })
  const isOwn = manifest.digest === facts.manifest.digest
  const index = isOwn && isWhole ? await pushIndex(target, facts, { tag, signal }) : undefined
  if (index) return index
  const bytes = await target.content.readAll(manifest.digest)
  await target.repository.pushManifest({ descriptor: manifest, bytes, tag }, signal)
  // The next push of this image is of the same bytes, and what they name is kept.
  if (!isOwn) {
    const { index: _, ...rest } = facts
    target.records.put({ ...rest, manifest, layers }, [])
  }
  return manifest
}

/** The image's own manifest when it names just these layers, a new one otherwise. */
async function describe(
  { content, lease }: PushTarget,
  facts: ImageFacts,
  layers: readonly Descriptor[],
): Promise<{ readonly config: Descriptor; readonly manifest: Descriptor }> {
  const { mediaType } = facts.manifest
  lease.keepContent(facts.manifest.digest)
  const own = parseManifestDocument(await content.readAll(facts.manifest.digest), mediaType)
  if (own.type !== 'manifest') {
    throw new EngineError('internal', `push ${facts.id}: its manifest is an index`)
  }
  const { config } = own.manifest
  const isSame = layers.every(({ digest }, index) => digest === facts.layers[index]?.digest)
  if (isSame) return { config, manifest: facts.manifest }
  const family = mediaType === mediaTypes.dockerManifest ? 'docker' : 'oci'
  const document = { ...own.manifest, layers: layers.map((layer) => inFamily(layer, family)) }
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  return { config, manifest: await storeBytes({ content, lease }, mediaType, bytes) }
}

/** @throws EngineError not_found when `platform` is asked for and the image is for another */
function checkPlatform(
  facts: ImageFacts,
  wanted: { readonly reference: Reference; readonly platform: Platform | undefined },
): void {
  const { platform, reference } = wanted
  if (!platform || matchesPlatform(platform, platformOf(facts))) return
  throw new EngineError(
    'not_found',
    `image with reference ${familiarName(reference)} was found but does not provide the specified platform (${formatPlatform(platform)})`,
  )
}

function factsOf(records: ImageRecords, id: ImageId): ImageFacts {
  const facts = records.facts(id)
  if (facts) return facts
  throw new EngineError('not_found', `No such image: ${id}`)
}

interface Pushed {
  readonly reference: Reference
  readonly imageId: ImageId
  readonly digest: Digest
}

/** The repository is known to hold the image from now on: it shows among the RepoDigests. */
function announce(deps: PushDeps, { reference, imageId, digest }: Pushed): void {
  const facts = factsOf(deps.records, imageId)
  deps.records.put(facts, [{ type: 'digest', name: familiarName(withDigest(reference, digest)) }])
  const labels = facts.config.config?.Labels ?? {}
  const name = familiarRepository(reference)
  deps.onEvent({ action: 'push', id: familiarName(reference), attributes: { ...labels, name } })
}
