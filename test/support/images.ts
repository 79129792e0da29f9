/**
 * Images made from nothing but bytes: a list of files becomes layers, a config and
 * a manifest, the same digests every time. `archives.ts` writes them as files that
 * `load` reads; `registry.ts` pushes them.
 */
import { createHash } from 'node:crypto'
import { arch } from 'node:process'
import { buffer } from 'node:stream/consumers'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { pack } from 'tar-stream'

export interface FileEntry {
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'link'
  /** Of a file. */
  readonly content?: string | Uint8Array
  /** Of a link. */
  readonly target?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

export type LayerCompression = 'none' | 'gzip' | 'zstd'

export interface ImageRecipe {
  readonly layers: readonly (readonly FileEntry[])[]
  readonly compression?: LayerCompression
  /** `oci` media types, or Docker's schema 2 (which has no zstd). */
  readonly format?: 'oci' | 'docker'
  /** The `config` member of the image config: Cmd, Env, Labels, … */
  readonly config?: Readonly<Record<string, unknown>>
  readonly architecture?: string
}

export interface Blob {
  readonly mediaType: string
  readonly digest: string
  readonly bytes: Uint8Array
}

export interface TestImage {
  readonly manifest: Blob
  readonly config: Blob
  readonly layers: readonly Blob[]
  /** The layers' uncompressed tars. */
  readonly tars: readonly Uint8Array[]
  readonly architecture: string
}

const ociTypes = 'application/vnd.oci.image'
const dockerTypes = 'application/vnd.docker'

export async function makeImage(recipe: ImageRecipe): Promise<TestImage> {
  const { compression = 'gzip', format = 'oci' } = recipe
  const architecture = recipe.architecture ?? goArchitecture()
  const tars = await Promise.all(recipe.layers.map((entries) => makeTar(entries)))
  const layerType = layerMediaType(format, compression)
  const layers = tars.map((tar) => makeBlob(layerType, compress(tar, compression)))
  const config = makeBlob(
    format === 'oci' ? `${ociTypes}.config.v1+json` : `${dockerTypes}.container.image.v1+json`,
    json({
      architecture,
      os: 'linux',
      created: '2020-01-01T00:00:00Z',
      config: recipe.config ?? {},
      rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
      history: tars.map(() => ({ created: '2020-01-01T00:00:00Z', created_by: 'test fixture' })),
    }),
  )
  const manifestType =
    format === 'oci'
      ? `${ociTypes}.manifest.v1+json`
      : `${dockerTypes}.distribution.manifest.v2+json`
  const manifest = makeBlob(
    manifestType,
    json({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptorOf(config),
      layers: layers.map(descriptorOf),
    }),
  )
  return { manifest, config, layers, tars, architecture }
}

/** An index (manifest list) of images for several platforms. */
export function makeIndex(images: readonly TestImage[]): Blob {
  const mediaType = `${ociTypes}.index.v1+json`
  const manifests = images.map((image) => ({
    ...descriptorOf(image.manifest),
    platform: { architecture: image.architecture, os: 'linux' },
  }))
  return makeBlob(mediaType, json({ schemaVersion: 2, mediaType, manifests }))
}

/** A tar whose bytes depend on the entries only: no clock, no host names. */
export function makeTar(entries: readonly FileEntry[]): Promise<Buffer> {
  const tar = pack()
  for (const entry of entries) {
    const header = {
      name: entry.path,
      type: entry.type,
      mode: entry.mode ?? (entry.type === 'directory' ? 0o755 : 0o644),
      uid: entry.uid ?? 0,
      gid: entry.gid ?? 0,
      mtime: new Date(0),
      ...(entry.target === undefined ? {} : { linkname: entry.target }),
    }
    if (entry.type === 'file') tar.entry(header, Buffer.from(entry.content ?? ''))
    else tar.entry(header)
  }
  tar.finalize()
  return buffer(tar)
}

export function makeBlob(mediaType: string, bytes: Uint8Array): Blob {
  return { mediaType, digest: digestOf(bytes), bytes }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export function descriptorOf(blob: Blob): { mediaType: string; digest: string; size: number } {
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.bytes.byteLength }
}

/** This machine's architecture in the words of images: `amd64`, `arm64`. */
export function goArchitecture(): string {
  return arch === 'x64' ? 'amd64' : arch
}

function compress(tar: Uint8Array, compression: LayerCompression): Uint8Array {
  if (compression === 'none') return tar
  return compression === 'gzip' ? gzipSync(tar) : zstdCompressSync(tar)
}

function layerMediaType(format: 'oci' | 'docker', compression: LayerCompression): string {
  if (format === 'docker') {
    return `${dockerTypes}.image.rootfs.diff.tar${compression === 'none' ? '' : '.gzip'}`
  }
  return `${ociTypes}.layer.v1.tar${compression === 'none' ? '' : `+${compression}`}`
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
