import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { ImageProgress, PushOptions } from '#image/types.ts'
import { shortId } from '#base/ids.ts'
import { parseReference } from '#oci/reference.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { type ImageService, openImageService, textsOf } from '#test/support/image-service.ts'
import { makeIndex } from '#test/support/images.ts'
import { makeBuiltImage } from '#test/support/made-images.ts'
import { registryUser, startRegistry } from '#test/support/registry.ts'

const signal = new AbortController().signal

async function push(
  service: ImageService,
  name: string,
  options: Partial<PushOptions> = {},
): Promise<ImageProgress[]> {
  const events: ImageProgress[] = []
  const onProgress = (event: ImageProgress) => void events.push(event)
  await service.images.push({ reference: parseReference(name), ...options, onProgress }, signal)
  return events
}

test('a built image is compressed once, pushed, and pulled again as the same image', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const base = await service.pull(await registry.push(await busyboxImage(), 'base'))
  const name = `${registry.address}/app:v1`
  const files = { 'app/large': randomBytes(3_000_000), 'app/small': 'x' }
  const image = await makeBuiltImage(service, name, { base, layers: [files, { 'app/two': '2' }] })
  const ids = image.config.rootfs.diff_ids.map(shortId)
  const before = service.held().blobs

  const events = await push(service, name)
  assert.deepEqual(textsOf(events, ids[0]), ['Preparing', `Mounted from ${registry.address}/base`])
  assert.deepEqual(new Set(textsOf(events, ids[1])), new Set(['Preparing', 'Pushing', 'Pushed']))
  const said = events.flatMap((event) => (event.type === 'status' && !event.id ? [event.text] : []))
  assert.equal(said[0], `The push refers to repository [${registry.address}/app]`)
  const pushed = service.images.get(name)
  assert.equal(said[1], `v1: digest: ${pushed.manifest.digest} size: ${pushed.manifest.size}`)
  assert.deepEqual(events.at(-1), {
    type: 'aux',
    value: { Tag: 'v1', Digest: pushed.manifest.digest, Size: pushed.manifest.size },
  })
  assert.deepEqual(pushed.repoDigests, [`${registry.address}/app@${pushed.manifest.digest}`])
  assert.equal(service.held().blobs, before + 3, 'two layers and a manifest were made')

  const again = await push(service, name)
  for (const id of ids) assert.deepEqual(textsOf(again, id), ['Preparing', 'Layer already exists'])
  assert.equal(service.held().blobs, before + 3, 'nothing was compressed again')

  await using other = await openImageService()
  const pulled = await other.pull(name)
  assert.equal(pulled.id, image.id)
  assert.equal(pulled.manifest.digest, pushed.manifest.digest)
})

test('what was compressed stays when the image goes and its layers are used by another', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const layers = [{ 'etc/config': 'one' }]
  const first = `${registry.address}/first:v1`
  await makeBuiltImage(service, first, { layers })
  await push(service, first)
  const base = service.images.get(first)
  const second = `${registry.address}/second:v1`
  await makeBuiltImage(service, second, { base, layers: [{ 'etc/more': 'two' }] })
  await service.images.remove(first, { force: true, noPrune: false, usedBy: () => [] })
  const [shared] = base.config.rootfs.diff_ids
  const { blobs } = service.held()
  await push(service, second)
  assert.ok(shared)
  assert.equal(service.held().blobs, blobs + 2, 'only the upper layer and the manifest are new')
})

test('one gc frees what was compressed together with the layer that it was made of', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const name = `${registry.address}/gone:v1`
  await makeBuiltImage(service, name, { layers: [{ 'etc/config': 'one' }, { 'etc/more': 'two' }] })
  await push(service, name)
  await service.images.remove(name, { force: true, noPrune: false, usedBy: () => [] })
  await service.stores.gc.run()
  assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
})

test('all tags of a repository are pushed', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const repository = `${registry.address}/many`
  await makeBuiltImage(service, `${repository}:b`, { layers: [{ b: 'b' }] })
  await makeBuiltImage(service, `${repository}:a`, { layers: [{ a: 'a' }] })
  const events = await push(service, repository)
  const tags = events.flatMap((event) => (event.type === 'aux' ? [event.value['Tag']] : []))
  assert.deepEqual(tags, ['a', 'b'])
  assert.deepEqual(
    service.events.filter(({ action }) => action === 'push').map(({ id }) => id),
    [`${repository}:a`, `${repository}:b`],
  )
})

test('a pulled image keeps its manifest; an index is pushed whole only when all of it is here', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const own = await busyboxImage({ format: 'docker' })
  const foreign = await busyboxImage({ architecture: 's390x', config: { Cmd: ['x'] } })
  await registry.push(own, 'multi', 'own')
  await registry.push(foreign, 'multi', 'foreign')
  await registry.pushManifest(makeIndex([own, foreign]), 'multi:index')
  await service.pull(`${registry.address}/multi:index`)
  const name = `${registry.address}/copy:v1`
  service.images.tag(`${registry.address}/multi:index`, parseReference(name))
  await push(service, name)
  await using other = await openImageService()
  assert.equal((await other.pull(name)).manifest.digest, own.manifest.digest)
})

test('names that are not there are refused in Docker words', async () => {
  await using service = await openImageService()
  await assert.rejects(push(service, 'localhost:1/none:v1'), {
    kind: 'not_found',
    message: 'An image does not exist locally with the tag: localhost:1/none',
  })
  await makeBuiltImage(service, 'localhost:1/none:v2', { layers: [{ a: 'a' }] })
  await assert.rejects(push(service, 'localhost:1/none:v1'), {
    message: 'tag does not exist: localhost:1/none:v1',
  })
})

test('a registry that asks for credentials refuses a push without them', async () => {
  await using registry = await startRegistry({ hasAuth: true })
  await using service = await openImageService()
  const name = `${registry.address}/app:v1`
  await makeBuiltImage(service, name, { layers: [{ a: 'a' }] })
  await assert.rejects(push(service, name), { kind: 'permission_denied' })
  const auth = {
    type: 'basic',
    username: registryUser.name,
    password: registryUser.password,
  } as const
  await push(service, name, { auth })
  assert.equal(service.images.get(name).repoDigests.length, 1)
})

test('a layer whose files changed is not pushed as what it was', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const name = `${registry.address}/app:v1`
  await makeBuiltImage(service, name, { layers: [{ 'marker-file': 'before' }] })
  const snapshots = join(service.root, 'snapshots')
  const directory = readdirSync(snapshots).find((entry) => /^\d+$/.test(entry)) ?? ''
  writeFileSync(join(snapshots, directory, 'fs/marker-file'), 'after!')
  const { blobs } = service.held()
  await assert.rejects(push(service, name), {
    kind: 'data_loss',
    message: /^archive layer sha256:/,
  })
  assert.equal(service.held().blobs, blobs, 'the wrong blob is not kept')
  rmSync(join(snapshots, directory, 'fs/marker-file'))
})
