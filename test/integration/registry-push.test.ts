import assert from 'node:assert/strict'
import test from 'node:test'
import { parseDigest } from '#oci/digest.ts'
import { parseReference } from '#oci/reference.ts'
import { openRegistryClient } from '#registry/client.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { openImageService } from '#test/support/image-service.ts'
import { type Blob, descriptorOf } from '#test/support/images.ts'
import { registryUser, startRegistry } from '#test/support/registry.ts'

const signal = new AbortController().signal
const auth = {
  type: 'basic',
  username: registryUser.name,
  password: registryUser.password,
} as const

function uploadOf(blob: Blob) {
  const described = descriptorOf(blob)
  return {
    descriptor: { ...described, digest: parseDigest(described.digest) },
    source: async function* () {
      yield blob.bytes
    },
  }
}

test('what is pushed can be pulled; blobs are sent once and mounted across repositories', async () => {
  await using registry = await startRegistry({ hasAuth: true })
  await using client = openRegistryClient({
    insecureRegistries: [],
    mirrors: [],
    userAgent: 'test',
  })
  const image = await busyboxImage()
  const blobs = [image.config, ...image.layers]
  const open = (name: string) =>
    client.repository(parseReference(`${registry.address}/${name}`), {
      auth,
      actions: ['pull', 'push'],
    })
  const first = open('one')
  for (const blob of blobs) {
    assert.equal(await first.pushBlob(uploadOf(blob), signal), 'pushed')
    assert.equal(await first.pushBlob(uploadOf(blob), signal), 'existed')
  }
  const second = open('two')
  for (const blob of blobs) {
    const upload = { ...uploadOf(blob), mountFrom: 'one' }
    assert.equal(await second.pushBlob(upload, signal), 'mounted')
  }
  const { descriptor } = uploadOf(image.manifest)
  await second.pushManifest({ descriptor, bytes: image.manifest.bytes, tag: 'v1' }, signal)
  await using service = await openImageService()
  const pulled = await service.pull(`${registry.address}/two:v1`, { auth })
  assert.equal(pulled.id, image.config.digest)
})

test('a blob that is not what its digest says is refused by the registry', async () => {
  await using registry = await startRegistry()
  await using client = openRegistryClient({
    insecureRegistries: [],
    mirrors: [],
    userAgent: 'test',
  })
  const repository = client.repository(parseReference(`${registry.address}/x`), {
    actions: ['pull', 'push'],
  })
  const image = await busyboxImage()
  const other = { ...image.config, bytes: Buffer.from(image.config.bytes).fill(32) }
  await assert.rejects(
    repository.pushBlob(
      { ...uploadOf(other), descriptor: uploadOf(image.config).descriptor },
      signal,
    ),
    {
      kind: 'failed_precondition',
      message: /^digest invalid: /,
    },
  )
})
