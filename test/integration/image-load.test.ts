import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import test from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf } from '#oci/digest.ts'
import { parsePlatform } from '#oci/platform.ts'
import { parseReference } from '#oci/reference.ts'
import { parseImportSource } from '#image/import-source.ts'
import type { ImageProgress } from '#image/types.ts'
import type { SnapshotKey } from '#store/types.ts'
import { dockerArchive, ociArchive } from '#test/support/archives.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import {
  type ImageService,
  notRemoved,
  openImageService,
  textsOf,
} from '#test/support/image-service.ts'
import { type FileEntry, makeImage, makeTar } from '#test/support/images.ts'

const signal = new AbortController().signal

async function* chunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function file(path: string, content: string | Uint8Array): FileEntry {
  return { path, type: 'file', content }
}

/** By a program that compresses its stdin. */
function compressed(program: string, input: Uint8Array): Uint8Array {
  return execFileSync(program, { input, maxBuffer: 16 * 1024 * 1024 })
}

async function load(service: ImageService, bytes: Uint8Array) {
  const seen: ImageProgress[] = []
  const onProgress = (event: ImageProgress) => seen.push(event)
  const images = await service.images.load(chunks(bytes), { onProgress }, signal)
  return { images, texts: textsOf(seen) }
}

test('docker-archives and OCI layouts are loaded, plain and compressed', async () => {
  const image = await busyboxImage({ layers: [[file('more', 'more')]] })
  const tags = ['busybox:latest', 'localhost:5000/x:1']
  const archives = [await dockerArchive(image, tags), await ociArchive(image, tags)]
  for (const archive of archives) {
    const outside = ['xz', 'bzip2'].map((program) => compressed(program, archive))
    for (const bytes of [archive, gzipSync(archive), zstdCompressSync(archive), ...outside]) {
      await using service = await openImageService()
      const { images, texts } = await load(service, bytes)
      assert.deepEqual(
        texts,
        tags.map((tag) => `Loaded image: ${tag}\n`),
      )
      assert.equal(images.at(-1)?.id, image.config.digest)
      assert.deepEqual(service.images.get('busybox').repoTags, tags)
      assert.equal(service.held().layers, 2)
      await service.images.remove(image.config.digest, { ...notRemoved, force: true })
      await service.stores.gc.run()
      assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
    }
  }
})

test('an archive of several images, shared layers by link, and one without a name', async () => {
  await using service = await openImageService()
  const shared = await makeImage({ compression: 'none', layers: [[file('a', 'a')]] })
  const other = await makeImage({
    compression: 'none',
    layers: [[file('a', 'a')]],
    config: { Cmd: ['other'] },
  })
  const manifest = [
    { Config: 'one.json', RepoTags: ['one:1'], Layers: ['one/layer.tar'] },
    { Config: 'two.json', RepoTags: null, Layers: ['two/layer.tar'] },
  ]
  const archive = await makeTar([
    { path: 'two/layer.tar', type: 'symlink', target: '../one/layer.tar' },
    file('one/layer.tar', shared.tars[0] ?? ''),
    file('one.json', shared.config.bytes),
    file('./two.json', other.config.bytes),
    file('manifest.json', JSON.stringify(manifest)),
  ])
  const { texts } = await load(service, archive)
  assert.deepEqual(texts, ['Loaded image: one:1\n', `Loaded image ID: ${other.config.digest}\n`])
  assert.deepEqual(service.images.get(other.config.digest).repoTags, [])
})

test('loading a name again moves it and says so', async () => {
  await using service = await openImageService()
  const [old, fresh] = await Promise.all(
    ['old', 'fresh'].map((name) => makeImage({ layers: [], config: { Cmd: [name] } })),
  )
  assert.ok(old && fresh)
  await load(service, await dockerArchive(old, ['x:1']))
  const { texts } = await load(service, await dockerArchive(fresh, ['x:1']))
  assert.deepEqual(texts, [
    `The image x:1 already exists, renaming the old one with ID ${old.config.digest} to empty string\n`,
    'Loaded image: x:1\n',
  ])
})

test('what is no image archive is refused and leaves nothing', async () => {
  await using service = await openImageService()
  const image = await makeImage({ compression: 'none', layers: [[file('a', 'a')]] })
  const good = await dockerArchive(image, ['x:1'])
  const config = file('c.json', image.config.bytes)
  const entry = { Config: 'c.json', RepoTags: ['x:1'], Layers: ['l.tar'] }
  const manifest = (value: unknown) => file('manifest.json', JSON.stringify(value))
  const layer = file('l.tar', image.tars[0] ?? '')
  const cases: Readonly<Record<string, Uint8Array>> = {
    'neither manifest.json nor index.json': await makeTar([file('x', 'x')]),
    'Unexpected end of data': good.subarray(0, 700),
    'run "/usr/bin/xz": exit code 1': Buffer.from('fd377a585a0000', 'hex'),
    '"c.json"': await makeTar([manifest([entry]), layer]),
    '"l.tar" is missing': await makeTar([manifest([entry]), config]),
    'decode manifest.json[0].Config': await makeTar([manifest([{ ...entry, Config: 1 }])]),
    'layers length mismatch': await makeTar([manifest([{ ...entry, Layers: [] }]), config]),
    'invalid reference format': await makeTar([
      manifest([{ ...entry, RepoTags: ['../x'] }]),
      config,
      layer,
    ]),
    "layers from manifest don't match": await makeTar([
      manifest([entry]),
      config,
      file('l.tar', await makeTar([file('a', 'other')])),
    ]),
    'no member "../../etc/passwd"': await makeTar([
      manifest([{ ...entry, Config: '../../etc/passwd' }]),
    ]),
    'no member "loop"': await makeTar([
      manifest([{ ...entry, Config: 'loop' }]),
      { path: 'loop', type: 'symlink', target: 'loop' },
    ]),
    'both an image and an index': await makeTar([
      file('index.json', JSON.stringify({ schemaVersion: 2, manifests: [], layers: [] })),
    ]),
  }
  for (const [text, bytes] of Object.entries(cases)) {
    await assert.rejects(load(service, bytes), (error: Error) => {
      assert.ok(error.message.includes(text), `${text}: ${error.message}`)
      return true
    })
  }
  await service.stores.gc.run()
  assert.deepEqual(service.images.list(), [])
  assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
})

test('an OCI layout whose blobs are others than their names say is refused', async () => {
  await using service = await openImageService()
  const image = await makeImage({ layers: [[file('a', 'a')]] })
  const honest = image.layers[0]
  assert.ok(honest)
  const forged = { ...image, layers: [{ ...honest, bytes: Buffer.from('something else') }] }
  await assert.rejects(load(service, await ociArchive(forged, ['x:1'])), {
    message: `load archive: "${honest.digest}" is missing`,
  })
})

test('import makes an image of a root filesystem, with changes and a name', async () => {
  await using service = await openImageService()
  const tar = await makeTar([{ path: 'etc', type: 'directory' }, file('etc/motd', 'hello')])
  for (const bytes of [tar, gzipSync(tar), compressed('xz', tar)]) {
    const seen: ImageProgress[] = []
    const image = await service.images.import(
      chunks(bytes, 100),
      {
        reference: parseReference('imported:1'),
        message: 'a message',
        changes: ['CMD ["/bin/x"]', 'ENV A=b'],
        platform: parsePlatform('linux/arm64'),
        onProgress: (event) => seen.push(event),
      },
      signal,
    )
    assert.deepEqual(textsOf(seen), [image.id])
    assert.deepEqual(image.repoTags, ['imported:1'])
    assert.equal(image.platform.architecture, 'arm64')
    assert.deepEqual(image.config.config, { Cmd: ['/bin/x'], Env: ['A=b'] })
    assert.deepEqual(image.config.rootfs.diff_ids, [digestOf(tar)])
    const [entry] = service.images.history(image.id)
    assert.deepEqual([entry?.comment, entry?.sizeBytes], ['a message', 5])
    assert.ok(image.chainId)
    const key = 'test-view' as SnapshotKey
    const mount = await service.stores.snapshots.view(key, image.chainId)
    await service.stores.snapshots.remove(key)
    assert.ok(mount.type === 'bind')
    assert.equal(readFileSync(join(mount.source, 'etc/motd'), 'utf8'), 'hello')
  }
})

test('import fetches a URL, and says why it cannot', async () => {
  await using service = await openImageService()
  const tar = await makeTar([file('etc/motd', 'hello')])
  const server = createServer(({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { location: '/rootfs.tar' }).end()
    else if (url === '/rootfs.tar') response.end(tar)
    else response.writeHead(404).end('no such file')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  await using stack = new AsyncDisposableStack()
  stack.defer(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  const base = `http://127.0.0.1:${address.port}`
  const importFrom = async (text: string) => {
    const seen: ImageProgress[] = []
    const options = { onProgress: (event: ImageProgress) => void seen.push(event) }
    const image = await service.images.import(parseImportSource(text, chunks(tar)), options, signal)
    return { image, texts: textsOf(seen) }
  }
  const { image, texts } = await importFrom(`127.0.0.1:${address.port}/moved`)
  assert.deepEqual(texts, [`Downloading from ${base}/moved`, image.id])
  assert.deepEqual(image.config.rootfs.diff_ids, [digestOf(tar)])
  assert.equal(service.images.history(image.id)[0]?.comment, `Imported from ${base}/moved`)
  await assert.rejects(importFrom(`${base}/other`), {
    kind: 'not_found',
    message: `failed to GET ${base}/other with status 404 Not Found`,
  })
  await assert.rejects(importFrom('127.0.0.1:2/rootfs.tar'), {
    kind: 'unavailable',
    message:
      'Get "http://127.0.0.1:2/rootfs.tar": dial tcp 127.0.0.1:2: connect: connection refused',
  })
  await assert.rejects(importFrom('file:///etc/passwd'), { kind: 'invalid_argument' })
  assert.deepEqual(
    service.images.list().map(({ id }) => id),
    [image.id],
  )
})

test('an import that fails leaves nothing', async () => {
  await using service = await openImageService()
  const escape = await makeTar([
    { path: 'link', type: 'symlink', target: '/tmp' },
    file('link/../../../gantry-escaped', 'x'),
  ])
  const doImport = (bytes: Uint8Array, changes: string[]) =>
    service.images.import(chunks(bytes), { changes }, signal)
  await assert.rejects(doImport(escape, ['RUN x']), {
    message: 'RUN is not a valid change command',
  })
  await assert.rejects(doImport(escape.subarray(0, 700), []), { kind: 'data_loss' })
  await doImport(escape, []).catch(() => undefined)
  assert.ok(!existsSync('/gantry-escaped') && !existsSync('/tmp/gantry-escaped'))
  for (const { id } of service.images.list()) await service.images.remove(id, notRemoved)
  await service.stores.gc.run()
  await service.stores.gc.run()
  assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
})
