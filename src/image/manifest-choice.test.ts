import assert from 'node:assert/strict'
import test from 'node:test'
import { chooseImageManifest } from '#image/manifest-choice.ts'
import { type Descriptor, mediaTypes } from '#oci/descriptor.ts'
import { digestOf } from '#oci/digest.ts'

const amd64 = { os: 'linux', architecture: 'amd64' }
const arm64 = { os: 'linux', architecture: 'arm64' }

/** Documents by digest, as a registry holds them. */
function shelf() {
  const documents = new Map<string, Uint8Array>()
  const put = (mediaType: string, value: object): Descriptor => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...value }))
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
    documents.set(descriptor.digest, bytes)
    return descriptor
  }
  return {
    read: async ({ digest }: Descriptor) => documents.get(digest) ?? assert.fail(digest),
    manifest: (name: string, config: string = mediaTypes.ociConfig) =>
      put(mediaTypes.ociManifest, {
        config: { mediaType: config, digest: digestOf(name), size: 1 },
        layers: [],
      }),
    index: (...manifests: readonly object[]) => put(mediaTypes.ociIndex, { manifests }),
  }
}

test('a manifest is itself, and of an index the one for the platform', async () => {
  const { read, manifest, index } = shelf()
  const [one, other] = [manifest('one'), manifest('other')]
  assert.deepEqual((await chooseImageManifest(one, arm64, read)).descriptor, one)
  const list = index({ ...one, platform: amd64 }, { ...other, platform: arm64 })
  const chosen = await chooseImageManifest(list, arm64, read)
  assert.equal(chosen.descriptor.digest, other.digest)
  assert.equal(chosen.index?.digest, list.digest)
})

test('an index within an index is followed, endless ones are not', async () => {
  const { read, manifest, index } = shelf()
  const inner = index({ ...manifest('deep'), platform: amd64 })
  const outer = index({ ...inner, platform: amd64 })
  assert.equal((await chooseImageManifest(outer, amd64, read)).index?.digest, outer.digest)
  const deeper = index({ ...outer, platform: amd64 })
  await assert.rejects(chooseImageManifest(deeper, amd64, read), { message: /nested too deep$/ })
})

test('no entry for the platform, and manifests of what is no image, are refused', async () => {
  const { read, manifest, index } = shelf()
  const list = index({ ...manifest('one'), platform: amd64 })
  await assert.rejects(chooseImageManifest(list, arm64, read), {
    kind: 'not_found',
    message: 'no matching manifest for linux/arm64 in the manifest list entries',
  })
  const chart = manifest('chart', 'application/vnd.cncf.helm.config.v1+json')
  await assert.rejects(chooseImageManifest(chart, amd64, read), {
    message: 'unsupported media type application/vnd.cncf.helm.config.v1+json',
  })
})
