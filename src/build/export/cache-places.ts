/** Where shared caches lie: a repository, or an OCI layout directory of the engine's machine. */
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mapPool } from '#base/async.ts'
import { randomId } from '#base/ids.ts'
import {
  cacheConfigType,
  type CacheDocument,
  diffIdAnnotation,
} from '#build/export/cache-format.ts'
import type { ExportJob } from '#build/export/job.ts'
import type { CacheLocation } from '#build/types.ts'
import { storeBytes } from '#image/build-manifest.ts'
import { type Descriptor, type Index, type Manifest, mediaTypes } from '#oci/descriptor.ts'
import type { Digest, DiffId } from '#oci/digest.ts'
import { parseReference, withDefaultTag } from '#oci/reference.ts'
import type { ContentStore } from '#store/types.ts'

export interface SharedLayer {
  readonly diffId: DiffId
  readonly blob: Descriptor
}

export interface WrittenCache {
  readonly location: Exclude<CacheLocation, { readonly type: 'inline' }>
  readonly document: CacheDocument
  readonly layers: readonly SharedLayer[]
}

const uploadsAtOnce = 5

/** The blobs first, what names them last: a reader never finds a cache without its layers. */
export async function writeCache(
  job: ExportJob,
  { document, layers, location }: WrittenCache,
  signal: AbortSignal,
): Promise<void> {
  const target = { content: job.machine.stores.content, lease: job.lease }
  const store = (mediaType: string, value: object) =>
    storeBytes(target, mediaType, new TextEncoder().encode(JSON.stringify(value)))
  const config = await store(cacheConfigType, document)
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: layers.map(({ blob, diffId }) => ({
      ...blob,
      annotations: { [diffIdAnnotation]: diffId },
    })),
  }
  const described: DescribedCache = {
    manifest: await store(mediaTypes.ociManifest, manifest),
    blobs: [...layers.map(({ blob }) => blob), config],
  }
  if (location.type === 'registry')
    await pushCache(job, { ...described, name: location.reference }, signal)
  else await writeLayout(target.content, location.path, described)
}

interface DescribedCache {
  readonly manifest: Descriptor
  /** What the manifest names. */
  readonly blobs: readonly Descriptor[]
}

async function pushCache(
  job: ExportJob,
  { blobs, manifest, name }: DescribedCache & { readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  const reference = withDefaultTag(parseReference(name))
  const auth = job.request.registryAuth(reference.registry)
  const repository = job.machine.registry.repository(reference, {
    actions: ['pull', 'push'],
    ...(auth ? { auth } : {}),
  })
  const { content } = job.machine.stores
  await mapPool(blobs, uploadsAtOnce, (descriptor, poolSignal) => {
    const source = () => content.read(descriptor.digest)
    return repository.pushBlob({ descriptor, source }, AbortSignal.any([signal, poolSignal]))
  })
  const bytes = await content.readAll(manifest.digest)
  const tag = reference.tag === undefined ? {} : { tag: reference.tag }
  await repository.pushManifest({ descriptor: manifest, bytes, ...tag }, signal)
}

async function writeLayout(
  content: ContentStore,
  directory: string,
  { blobs, manifest }: DescribedCache,
): Promise<void> {
  for (const { digest } of [...blobs, manifest]) {
    const path = layoutBlob(directory, digest)
    if (existsSync(path)) continue
    await mkdir(dirname(path), { recursive: true })
    await inPlace(path, (partial) => copyFile(content.path(digest), partial))
  }
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'latest' } }],
  }
  const layout = JSON.stringify({ imageLayoutVersion: '1.0.0' })
  await inPlace(join(directory, 'oci-layout'), (partial) => writeFile(partial, layout))
  const text = JSON.stringify(index)
  await inPlace(join(directory, 'index.json'), (partial) => writeFile(partial, text))
}

export function layoutBlob(directory: string, digest: Digest): string {
  return join(directory, 'blobs', digest.replace(':', '/'))
}

/** The file appears when it is complete. */
async function inPlace(path: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = `${path}.${randomId().slice(0, 12)}`
  await write(partial)
  await rename(partial, path)
}
