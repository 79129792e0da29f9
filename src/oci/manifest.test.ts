import assert from 'node:assert/strict'
import test from 'node:test'
import { mediaTypes } from '#oci/descriptor.ts'
import { digestOf } from '#oci/digest.ts'
import { configPlatform, parseImageConfig } from '#oci/image-config.ts'
import { isLayerType, maxManifestBytes, parseManifestDocument } from '#oci/manifest.ts'

const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf('c'), size: 1 }
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf('l'), size: 2 }
const manifest = { schemaVersion: 2, config: descriptor, layers: [layer] }
const index = {
  schemaVersion: 2,
  manifests: [
    {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf('m'),
      size: 3,
      platform: { os: 'linux', architecture: 'amd64' },
    },
  ],
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function refuses(value: unknown, mediaType: string | undefined, message: RegExp): void {
  assert.throws(() => parseManifestDocument(encode(value), mediaType), {
    kind: 'invalid_argument',
    message,
  })
}

test('OCI and Docker documents are told apart by their media type', () => {
  const kind = (value: object, type?: string) => parseManifestDocument(encode(value), type).type
  assert.equal(kind(manifest, mediaTypes.ociManifest), 'manifest')
  assert.equal(kind(manifest, mediaTypes.dockerManifest), 'manifest')
  assert.equal(kind(manifest), 'manifest')
  assert.equal(kind(index, mediaTypes.ociIndex), 'index')
  assert.equal(kind(index, mediaTypes.dockerManifestList), 'index')
  assert.equal(kind({ ...index, mediaType: mediaTypes.ociIndex }), 'index')
})

test('a decoded manifest holds what the type says and nothing else', () => {
  const read = parseManifestDocument(encode({ ...manifest, extra: 1, annotations: null }))
  assert.deepEqual(read, { type: 'manifest', manifest })
})

test('ambiguous documents are refused', () => {
  refuses({ ...manifest, ...index }, undefined, /both an image and an index/)
  refuses({ ...index, config: descriptor }, mediaTypes.ociIndex, /both/)
  refuses({ ...index, layers: [] }, mediaTypes.ociIndex, /both/)
  refuses({ ...manifest, mediaType: mediaTypes.dockerManifest }, mediaTypes.ociManifest, /match/)
  refuses(manifest, mediaTypes.ociIndex, /manifests/)
  refuses(index, mediaTypes.ociManifest, /layers/)
  refuses({ schemaVersion: 1, fsLayers: [] }, undefined, /schema 1/)
  refuses(manifest, 'text/html', /unsupported media type/)
})

test('malformed members are refused by name', () => {
  refuses([], undefined, /object/)
  refuses({ ...manifest, schemaVersion: '2' }, undefined, /schema version/)
  refuses({ ...manifest, layers: {} }, undefined, /layers: not a list/)
  refuses({ ...manifest, layers: [{ ...layer, size: -1 }] }, undefined, /size/)
  refuses({ ...manifest, layers: [{ ...layer, size: 1.5 }] }, undefined, /size/)
  refuses({ ...manifest, config: { ...descriptor, digest: 'sha256:../x' } }, undefined, /digest/)
  refuses({ ...manifest, config: null }, undefined, /config: not an object/)
  assert.throws(() => parseManifestDocument(new Uint8Array([0xff, 0xfe])), /not JSON/)
  assert.throws(() => parseManifestDocument(new Uint8Array(maxManifestBytes + 1)), /larger than/)
})

test('artifacts are not layers', () => {
  assert.ok(isLayerType(mediaTypes.ociLayerZstd))
  assert.ok(!isLayerType('application/vnd.in-toto+json'))
})

test('an image config keeps what runs need', () => {
  const read = parseImageConfig(
    encode({
      architecture: 'arm64',
      os: 'linux',
      variant: 'v8',
      config: { Env: null, Cmd: 'sh', Entrypoint: ['/e'], ExposedPorts: { '80/tcp': {} } },
      rootfs: { type: 'layers', diff_ids: [digestOf('a')] },
      history: [{ created_by: 'x', empty_layer: true }],
      unknown: 1,
    }),
  )
  assert.deepEqual(read.config, {
    Cmd: ['sh'],
    Entrypoint: ['/e'],
    ExposedPorts: { '80/tcp': {} },
  })
  assert.deepEqual(read.rootfs.diff_ids, [digestOf('a')])
  assert.deepEqual(configPlatform(read), { os: 'linux', architecture: 'arm64' })
})

test('malformed image configs are refused', () => {
  const rootfs = { type: 'layers', diff_ids: [] }
  const many = Array.from({ length: 128 }, () => digestOf(''))
  for (const value of [
    {},
    { rootfs: { type: 'other', diff_ids: [] } },
    { rootfs: { type: 'layers', diff_ids: ['nope'] } },
    { rootfs: { type: 'layers', diff_ids: many } },
    { rootfs, config: { Env: [1] } },
    { rootfs, config: { Labels: { a: 1 } } },
    { rootfs, history: {} },
  ]) {
    assert.throws(() => parseImageConfig(encode(value)), { kind: 'invalid_argument' })
  }
})
