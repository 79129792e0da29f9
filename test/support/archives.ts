import { randomUUID } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { descriptorOf, makeTar } from '#test/support/images.ts'
import type { Blob, FileEntry, TestImage } from '#test/support/images.ts'
import { cacheFolder } from '#test/support/paths.ts'

/** The image as `docker save` of an old engine wrote it: manifest.json and one tar per layer. */
export function dockerArchive(image: TestImage, tags: readonly string[]): Promise<Buffer> {
  const hex = (blob: Blob) => blob.digest.replace('sha256:', '')
  const layers = image.layers.map((layer, index) => ({
    path: `${hex(layer)}/layer.tar`,
    content: image.tars[index] ?? Buffer.alloc(0),
  }))
  const config = `${hex(image.config)}.json`
  const manifest = [{ Config: config, RepoTags: tags, Layers: layers.map(({ path }) => path) }]
  return makeTar([
    ...layers.map(({ path, content }) => file(path, content)),
    file(config, image.config.bytes),
    file('manifest.json', JSON.stringify(manifest)),
  ])
}

/** The image as an OCI layout in a tar: oci-layout, index.json and blobs/sha256/. */
export function ociArchive(image: TestImage, tags: readonly string[]): Promise<Buffer> {
  const manifests = tags.map((tag) => ({
    ...descriptorOf(image.manifest),
    annotations: {
      'io.containerd.image.name': tag,
      'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1),
    },
  }))
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests,
  }
  const blobs = [image.manifest, image.config, ...image.layers]
  return makeTar([
    file('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    file('index.json', JSON.stringify(index)),
    { path: 'blobs', type: 'directory' },
    { path: 'blobs/sha256', type: 'directory' },
    ...blobs.map((blob) => file(`blobs/sha256/${blob.digest.replace('sha256:', '')}`, blob.bytes)),
  ])
}

/** Writes `bytes` once under the cache folder; parallel writers end with the same file. */
export function cacheFile(name: string, bytes: Uint8Array): string {
  const path = join(cacheFolder('images'), name)
  const temporary = `${path}.${randomUUID()}`
  writeFileSync(temporary, bytes)
  renameSync(temporary, path)
  return path
}

function file(path: string, content: string | Uint8Array): FileEntry {
  return { path, type: 'file', content }
}
