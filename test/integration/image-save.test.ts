import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import test from 'node:test'
import type { Image } from '#image/types.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { type ImageService, openImageService } from '#test/support/image-service.ts'
import { makeBuiltImage } from '#test/support/made-images.ts'
import { startRegistry } from '#test/support/registry.ts'
import { readArchive } from '#test/support/read-archive.ts'

const signal = new AbortController().signal

async function save(service: ImageService, names: readonly string[]): Promise<Buffer> {
  return buffer(await service.images.save(names, {}, signal))
}

async function load(service: ImageService, archive: Uint8Array): Promise<readonly Image[]> {
  return service.images.load(once(archive), {}, signal)
}

async function* once(bytes: Uint8Array) {
  yield bytes
}

test('built and pulled images of one archive come back as they were, names included', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const base = await service.pull(await registry.push(await busyboxImage(), 'base'))
  const built = await makeBuiltImage(service, 'app:v1', { base, layers: [{ 'app/x': 'x' }] })
  const [baseName = ''] = base.repoTags
  const { blobs } = service.held()
  const archive = await save(service, ['app:v1', baseName, built.id])
  assert.equal(service.held().blobs, blobs, 'nothing was compressed')
  assert.deepEqual(await save(service, ['app:v1', baseName, built.id]), archive)

  await using other = await openImageService()
  const loaded = await load(other, archive)
  assert.deepEqual(
    loaded.map(({ id, repoTags }) => ({ id, repoTags })),
    [
      { id: built.id, repoTags: ['app:v1'] },
      { id: base.id, repoTags: [baseName] },
    ],
  )
  assert.deepEqual(other.images.get('app:v1').config, built.config)
})

test('the archive is a docker-archive and an OCI layout over the same blobs', async () => {
  await using service = await openImageService()
  const image = await makeBuiltImage(service, 'app:v1', { layers: [{ a: 'a' }, { b: 'b' }] })
  const members = await readArchive(await save(service, ['app:v1']))
  const json = (name: string) => JSON.parse(String(members.get(name)))
  const layers = image.config.rootfs.diff_ids.map((id) => `blobs/${id.replace(':', '/')}`)
  const [entry] = json('manifest.json')
  assert.equal(entry.Config, `blobs/${image.id.replace(':', '/')}`)
  assert.deepEqual(entry.RepoTags, ['app:v1'])
  assert.deepEqual(entry.Layers, layers)
  for (const layer of layers) assert.ok(members.has(layer))
  assert.deepEqual(json('oci-layout'), { imageLayoutVersion: '1.0.0' })
  const [manifest] = json('index.json').manifests
  assert.equal(manifest.digest, image.manifest.digest)
  assert.deepEqual(manifest.annotations, {
    'io.containerd.image.name': 'docker.io/library/app:v1',
    'org.opencontainers.image.ref.name': 'v1',
  })
  assert.deepEqual(json('repositories'), { app: { v1: layers[1]?.slice('blobs/sha256/'.length) } })
})

test('a name without a tag saves all tags; an id saves none', async () => {
  await using service = await openImageService()
  const one = await makeBuiltImage(service, 'app:one', { layers: [{ a: 'a' }] })
  await makeBuiltImage(service, 'app:two', { layers: [{ b: 'b' }] })
  await using other = await openImageService()
  const loaded = await load(other, await save(service, ['app']))
  assert.deepEqual(loaded.flatMap(({ repoTags }) => repoTags).toSorted(), ['app:one', 'app:two'])
  await using third = await openImageService()
  const [anonymous] = await load(third, await save(service, [one.id.slice(0, 20)]))
  assert.deepEqual(anonymous?.repoTags, [])
})

test('an image that is not there fails before the first byte', async () => {
  await using service = await openImageService()
  await assert.rejects(service.images.save(['none:v1'], {}, signal), {
    kind: 'not_found',
    message: 'No such image: none:v1',
  })
})
