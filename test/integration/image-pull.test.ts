import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { shortId } from '#base/ids.ts'
import type { ImageProgress } from '#image/types.ts'
import { parseReference } from '#oci/reference.ts'
import { parsePlatform } from '#oci/platform.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import {
  type ImageService,
  notRemoved,
  openImageService,
  textsOf,
} from '#test/support/image-service.ts'
import {
  type FileEntry,
  goArchitecture,
  type LayerCompression,
  makeBlob,
  makeImage,
  makeIndex,
} from '#test/support/images.ts'
import { pass, startRegistryProxy } from '#test/support/registry-proxy.ts'
import { startRegistry, type TestRegistry } from '#test/support/registry.ts'
import type { SnapshotKey } from '#store/types.ts'

let registry: TestRegistry

before(async () => {
  registry = await startRegistry()
})
after(() => registry.stop())

function file(path: string, content: string): FileEntry {
  return { path, type: 'file', content }
}

/** The directories of an image's stack, topmost first. */
async function layerDirectories(
  { stores }: ImageService,
  chainId: Parameters<typeof stores.snapshots.view>[1],
) {
  const key = 'test-view' as SnapshotKey
  const mount = await stores.snapshots.view(key, chainId)
  await stores.snapshots.remove(key)
  return mount.type === 'bind' ? [mount.source] : mount.lowerDirs
}

for (const [format, compression] of [
  ['oci', 'gzip'],
  ['oci', 'zstd'],
  ['oci', 'none'],
  ['docker', 'gzip'],
  ['docker', 'none'],
] as const satisfies readonly (readonly ['oci' | 'docker', LayerCompression])[]) {
  test(`pull unpacks a ${format} image with ${compression} layers`, async () => {
    await using service = await openImageService()
    const image = await makeImage({
      format,
      compression,
      layers: [[file('one', '1')], [file('two', '2')], [file('one', 'changed')]],
      config: { Cmd: ['x'] },
    })
    const name = await registry.push(image, `kinds-${format}-${compression}`)
    const pulled = await service.pull(name)
    assert.equal(pulled.id, image.config.digest)
    assert.deepEqual(pulled.repoTags, [name])
    assert.deepEqual(pulled.repoDigests, [
      `${name.replace(/:latest$/, '')}@${image.manifest.digest}`,
    ])
    assert.deepEqual(pulled.config.config?.Cmd, ['x'])
    assert.equal(pulled.sizeBytes, 9)
    assert.ok(pulled.chainId)
    const directories = await layerDirectories(service, pulled.chainId)
    const contents = directories.map((directory) =>
      ['one', 'two'].map((path) => {
        const full = join(directory, path)
        return existsSync(full) ? readFileSync(full, 'utf8') : undefined
      }),
    )
    assert.deepEqual(contents, [
      ['changed', undefined],
      [undefined, '2'],
      ['1', undefined],
    ])
  })
}

test("pull tells its progress in Docker's words, and a second pull is up to date", async () => {
  await using service = await openImageService()
  const image = await busyboxImage()
  const name = await registry.push(image, 'library/progress', '1.0')
  const layer = shortId(image.layers[0]?.digest ?? '')
  const first: ImageProgress[] = []
  await service.pull(name, { onProgress: (event) => first.push(event) })
  assert.deepEqual(textsOf(first, '1.0'), ['Pulling from library/progress'])
  assert.deepEqual(textsOf(first), [
    `Digest: ${image.manifest.digest}`,
    `Status: Downloaded newer image for ${name}`,
  ])
  assert.deepEqual(
    [...new Set(textsOf(first, layer))],
    [
      'Pulling fs layer',
      'Waiting',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
    ],
  )
  const second: ImageProgress[] = []
  await service.pull(name, { onProgress: (event) => second.push(event) })
  assert.deepEqual(textsOf(second, layer), [])
  assert.equal(textsOf(second).at(-1), `Status: Image is up to date for ${name}`)
})

test('all tags of a repository are pulled, page by page; an unknown repository is an error', async () => {
  await using service = await openImageService()
  const [one, two] = await Promise.all([
    makeImage({ layers: [[file('one', '1')]] }),
    makeImage({ layers: [[file('two', '2')]] }),
  ])
  await registry.push(one, 'tags', 'a')
  await registry.push(one, 'tags', 'b')
  await registry.push(two, 'tags', 'c')
  // This registry has no pages, so the proxy makes them.
  await using paged = await startRegistryProxy(registry.address, ({ path }) => {
    const page = /^\/v2\/tags\/tags\/list(?:\?last=(\w))?$/.exec(path)
    if (!page) return pass
    const [names, next] = page[1] === undefined ? [['a', 'b'], 'b'] : [['c'], undefined]
    const link = `</v2/tags/tags/list?last=${next}>; rel="next"`
    const headers = { 'content-type': 'application/json', ...(next === undefined ? {} : { link }) }
    const body = JSON.stringify({ name: 'tags', tags: names })
    return { type: 'answer', status: 200, headers, body }
  })
  const repository = `${paged.address}/tags`
  const pullAll = async (name: string) => {
    const events: ImageProgress[] = []
    const onProgress = (event: ImageProgress) => void events.push(event)
    const reference = parseReference(name)
    await service.images.pullAll({ reference, onProgress }, new AbortController().signal)
    return events
  }
  const events = await pullAll(repository)
  const names = service.images.list().flatMap(({ repoTags }) => repoTags)
  assert.deepEqual(
    names,
    ['a', 'b', 'c'].map((tag) => `${repository}:${tag}`),
  )
  for (const tag of ['a', 'b', 'c']) assert.deepEqual(textsOf(events, tag), ['Pulling from tags'])
  assert.deepEqual(textsOf(events), [
    `Digest: ${one.manifest.digest}`,
    `Digest: ${one.manifest.digest}`,
    `Digest: ${two.manifest.digest}`,
    `Status: Downloaded newer image for ${repository}`,
  ])
  const again = await pullAll(repository)
  assert.equal(textsOf(again).at(-1), `Status: Image is up to date for ${repository}`)
  await assert.rejects(pullAll(`${registry.address}/none`), {
    kind: 'not_found',
    message: `repository ${registry.address}/none not found: name unknown: repository name not known to registry`,
  })
})

test('pull by digest gives no tag, and the digest finds the image', async () => {
  await using service = await openImageService()
  const image = await busyboxImage()
  const tagged = await registry.push(image, 'by-digest')
  const name = `${tagged.replace(/:latest$/, '')}@${image.manifest.digest}`
  const pulled = await service.pull(name)
  assert.deepEqual([pulled.repoTags, pulled.repoDigests], [[], [name]])
  assert.equal(service.images.get(name).id, pulled.id)
  assert.equal(service.images.find(tagged), undefined)
})

test('the platform of an index is chosen, and one that is not there is an error', async () => {
  await using service = await openImageService()
  const host = await busyboxImage()
  const foreignName = goArchitecture() === 'amd64' ? 's390x' : 'amd64'
  const foreign = await busyboxImage({ architecture: foreignName, config: { Cmd: ['other'] } })
  await registry.push(host, 'index', 'host')
  await registry.push(foreign, 'index', 'foreign')
  const index = makeIndex([foreign, host])
  await registry.pushManifest(index, 'index:latest')
  const name = `${registry.address}/index:latest`
  const pulled = await service.pull(name)
  assert.equal(pulled.id, host.config.digest)
  assert.equal(pulled.index?.digest, index.digest)
  assert.deepEqual(pulled.repoDigests, [`${registry.address}/index@${index.digest}`])
  const other = await service.pull(name, { platform: parsePlatform(`linux/${foreignName}`) })
  assert.equal(other.id, foreign.config.digest)
  await assert.rejects(service.pull(name, { platform: parsePlatform('linux/ppc64le') }), {
    kind: 'not_found',
    message: 'no matching manifest for linux/ppc64le in the manifest list entries',
  })
})

test('a single image of another platform is pulled with a warning', async () => {
  await using service = await openImageService()
  const image = await busyboxImage()
  const name = await registry.push(image, 'single')
  const seen: ImageProgress[] = []
  const platform = parsePlatform('linux/riscv64')
  await service.pull(name, { platform, onProgress: (event) => seen.push(event) })
  assert.ok(textsOf(seen).some((text) => text.startsWith('WARNING: image with reference')))
})

test('a tag that moves leaves the old image dangling', async () => {
  await using service = await openImageService()
  const old = await busyboxImage({ config: { Cmd: ['old'] } })
  const name = await registry.push(old, 'moving')
  await service.pull(name)
  await registry.push(await busyboxImage({ config: { Cmd: ['new'] } }), 'moving')
  const pulled = await service.pull(name)
  assert.notEqual(pulled.id, old.config.digest)
  assert.equal(service.images.get(name).id, pulled.id)
  assert.deepEqual(service.images.get(old.config.digest).repoTags, [])
})

test('concurrent pulls of one name share the downloads', async () => {
  await using service = await openImageService()
  const image = await busyboxImage({ layers: [[file('a', 'a')]] })
  const name = await registry.push(image, 'shared')
  const progress: ImageProgress[][] = [[], [], []]
  const pulled = await Promise.all(
    progress.map((seen) => service.pull(name, { onProgress: (event) => seen.push(event) })),
  )
  assert.equal(new Set(pulled.map(({ id }) => id)).size, 1)
  assert.equal(service.events.length, 1)
  for (const seen of progress) {
    assert.equal(textsOf(seen).at(-1), `Status: Downloaded newer image for ${name}`)
  }
})

test('images that share layers fetch them once, and rmi with gc frees everything', async () => {
  await using service = await openImageService()
  const base = await busyboxImage()
  const above = await busyboxImage({ layers: [[file('more', 'more')]] })
  const one = await service.pull(await registry.push(base, 'base'))
  const seen: ImageProgress[] = []
  const two = await service.pull(await registry.push(above, 'above'), {
    onProgress: (event) => seen.push(event),
  })
  assert.deepEqual(textsOf(seen, shortId(base.layers[0]?.digest ?? '')), ['Already exists'])
  const rows = await service.images.remove(two.id, notRemoved)
  await service.stores.gc.run()
  assert.deepEqual(rows.filter((row) => 'deleted' in row).length, 2)
  assert.equal(service.held().layers, 1)
  await service.images.remove(one.id, notRemoved)
  await service.stores.gc.run()
  assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
})

test('an artifact that is no image is refused', async () => {
  await using service = await openImageService()
  const image = await makeImage({ layers: [] })
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = {
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      digest: image.config.digest,
      size: image.config.bytes.byteLength,
    },
    layers: [],
  }
  await registry.push(image, 'artifact')
  await registry.pushManifest(makeBlob(type, Buffer.from(JSON.stringify(manifest))), 'artifact:1')
  await assert.rejects(service.pull(`${registry.address}/artifact:1`), {
    message: 'unsupported media type application/vnd.cncf.helm.config.v1+json',
  })
  assert.deepEqual(service.images.list(), [])
})
