import assert from 'node:assert/strict'
import { readFileSync, statSync, existsSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import test from 'node:test'
import type { BuildOutput, BuildRequest, ImageForm } from '#build/types.ts'
import { sniffCompression } from '#oci/compression.ts'
import { parseDigest } from '#oci/digest.ts'
import { parsePlatform } from '#oci/platform.ts'
import { foreignSupport } from '#sys/binfmt.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { never, shareTestBuilder, tagged } from '#test/support/builder.ts'
import { openImageService } from '#test/support/image-service.ts'
import { readArchive } from '#test/support/read-archive.ts'
import { startRegistry } from '#test/support/registry.ts'

const shared = shareTestBuilder()

const app = `FROM busybox
RUN echo one > /one && mkdir /gone && echo x > /gone/x
RUN echo two > /two && rm -r /gone /bin/wget
COPY file /file
CMD ["cat", "/file"]
`
const files = { file: 'from the context' }

/** An output that keeps what it is given. */
function collect(type: 'docker' | 'oci' | 'tar' | 'local'): {
  readonly output: BuildOutput
  readonly archive: () => Buffer
} {
  let archive: Buffer | undefined
  const write = async (chunks: AsyncIterable<Uint8Array>) => {
    archive = await buffer(chunks)
  }
  return {
    output: { type, write },
    archive() {
      assert.ok(archive, 'the output was written')
      return archive
    },
  }
}

async function buildTo(type: 'docker' | 'oci' | 'tar' | 'local', more: Partial<BuildRequest> = {}) {
  const { archive, output } = collect(type)
  const outcome = await shared().build(app, { files, outputs: [output], ...more })
  return { outcome, members: await readArchive(archive()), archive: archive() }
}

test('docker: an archive that load reads; nothing is recorded here', async () => {
  const before = shared().images.list().length
  const { archive, outcome } = await buildTo('docker', { tags: tagged('out:v1') })
  assert.equal(shared().images.list().length, before)
  await using other = await openImageService()
  const chunks = async function* () {
    yield archive
  }
  const [loaded] = await other.images.load(chunks(), {}, never)
  assert.equal(loaded?.id, outcome.imageId)
  assert.deepEqual(loaded?.repoTags, ['out:v1'])
  assert.equal(outcome.metadata['containerimage.config.digest'], outcome.imageId)
  assert.equal(outcome.metadata['containerimage.digest'], outcome.descriptor)
  assert.equal(outcome.metadata['image.name'], 'docker.io/library/out:v1')
})

test('oci: a layout with annotations, and no more than that', async () => {
  const annotations = { 'org.opencontainers.image.title': 'app' }
  const asked = Object.entries(annotations).map(
    ([key, value]) => ({ level: 'manifest', key, value }) as const,
  )
  const { members, outcome } = await buildTo('oci', { annotations: asked, tags: tagged('out:v1') })
  assert.equal(members.has('manifest.json'), false)
  const index = JSON.parse(String(members.get('index.json')))
  assert.equal(index.manifests[0].digest, outcome.descriptor)
  const manifest = JSON.parse(String(members.get(blobPath(outcome.descriptor ?? ''))))
  assert.deepEqual(manifest.annotations, annotations)
  for (const { digest, mediaType } of manifest.layers) {
    assert.ok(members.has(blobPath(digest)))
    assert.match(mediaType, /gzip$/)
  }
})

test('tar and local: the files of the target, whiteouts applied', async () => {
  for (const type of ['tar', 'local'] as const) {
    const { members, outcome } = await buildTo(type)
    assert.equal(String(members.get('file')), files.file)
    assert.equal(String(members.get('one')), 'one\n')
    assert.equal(members.has('gone/'), false)
    assert.equal(members.has('bin/wget'), false)
    assert.equal(outcome.imageId, undefined)
  }
})

test('several platforms: an index of images, and a directory for each in a tar', async () => {
  const platforms = [parsePlatform('linux/amd64'), parsePlatform('linux/s390x')]
  const dockerfile = 'FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\nCOPY file /file\n'
  const tar = collect('tar')
  const outputs: BuildOutput[] = [{ type: 'image', isPushed: false }, tar.output]
  const tags = tagged('multi:v1')
  const outcome = await shared().build(dockerfile, { files, platforms, outputs, tags })
  const { content } = shared().stores
  assert.ok(outcome.descriptor)
  const index = JSON.parse(String(await content.readAll(outcome.descriptor)))
  assert.deepEqual(
    index.manifests.map(({ platform }: { platform: object }) => platform),
    platforms,
  )
  assert.equal(shared().images.get('multi:v1').index?.digest, outcome.descriptor)
  const members = await readArchive(tar.archive())
  assert.deepEqual(
    [...members.keys()].filter((name) => name.endsWith('file')),
    ['linux_amd64/file', 'linux_s390x/file'],
  )

  await using registry = await startRegistry()
  const name = `${registry.address}/multi:v1`
  const [reference] = tagged(name)
  assert.ok(reference)
  shared().images.tag('multi:v1', reference)
  await shared().images.push({ reference }, never)
  await using other = await openImageService()
  const [, foreign] = platforms
  assert.ok(foreign)
  const pulled = await other.pull(name, { platform: foreign })
  assert.equal(pulled.config.config?.Labels?.['arch'], 's390x')
  assert.equal(pulled.index?.digest, outcome.descriptor)
})

test('layers are compressed as an output asks, and named by the types of one family', async () => {
  const types = async (form: ImageForm) => {
    const { archive, output } = collect('oci')
    const outputs = [{ ...output, form }]
    await shared().build('FROM busybox\nRUN echo forms > /forms\n', { outputs })
    const members = await readArchive(archive())
    const read = (name: string) => JSON.parse(String(members.get(name)))
    const [{ digest, mediaType }] = read('index.json').manifests
    const { config, layers } = read(`blobs/${digest.replace(':', '/')}`)
    const starts = layers.map((layer: { digest: string }) =>
      sniffCompression(members.get(`blobs/${layer.digest.replace(':', '/')}`) ?? Buffer.of()),
    )
    const short = (type: string) => type.replace(/^application\/vnd\./, '')
    return [
      short(mediaType),
      short(config.mediaType),
      ...layers.map(
        (layer: { mediaType: string }, at: number) => `${short(layer.mediaType)} ${starts[at]}`,
      ),
    ]
  }
  const isForced = true
  const oci = ['oci.image.manifest.v1+json', 'oci.image.config.v1+json']
  const zstd = 'oci.image.layer.v1.tar+zstd zstd'
  assert.deepEqual(
    await types({ mediaFamily: 'oci', blobs: { compression: 'zstd', level: 19, isForced } }),
    [...oci, zstd, zstd],
  )
  const tar = 'oci.image.layer.v1.tar none'
  assert.deepEqual(
    await types({ mediaFamily: 'oci', blobs: { compression: 'uncompressed', isForced } }),
    [...oci, tar, tar],
  )
  const gzip = 'docker.image.rootfs.diff.tar.gzip gzip'
  assert.deepEqual(
    await types({ mediaFamily: 'docker', blobs: { compression: 'gzip', isForced } }),
    ['docker.distribution.manifest.v2+json', 'docker.container.image.v1+json', gzip, gzip],
  )
  // What is there serves when nothing is forced: base first, it was compressed both ways.
  assert.deepEqual((await types({ mediaFamily: 'oci' })).slice(2), [
    'oci.image.layer.v1.tar+gzip gzip',
    'oci.image.layer.v1.tar+gzip gzip',
  ])
})

test('an index tells annotations of its own, of descriptors and of one platform', async () => {
  const [amd64, s390x] = [parsePlatform('linux/amd64'), parsePlatform('linux/s390x')]
  const outcome = await shared().build('FROM scratch\nCOPY file /\n', {
    files,
    platforms: [amd64, s390x],
    annotations: [
      { level: 'index', key: 'i', value: '1' },
      { level: 'manifest', key: 'm', value: '2' },
      { level: 'manifest', key: 's', value: '3', platform: s390x },
      { level: 'manifest-descriptor', key: 'd', value: '4', platform: amd64 },
    ],
  })
  const { content } = shared().stores
  const read = async (digest = '') => JSON.parse(String(await content.readAll(parseDigest(digest))))
  const index = await read(outcome.descriptor)
  assert.deepEqual(index.annotations, { i: '1' })
  const [first, second] = index.manifests
  assert.deepEqual([first.annotations, second.annotations], [{ d: '4' }, undefined])
  assert.deepEqual((await read(first.digest)).annotations, { m: '2' })
  assert.deepEqual((await read(second.digest)).annotations, { m: '2', s: '3' })
  await assert.rejects(
    shared().build('FROM scratch\nCOPY file /\n', {
      files,
      annotations: [{ level: 'index', key: 'i', value: '1' }],
    }),
    /index annotations not supported for single platform export/,
  )
})

test('provenance is an attestation of the manifest beside it', async () => {
  const buildArgs = new Map([['TOKEN', 'private']])
  for (const provenance of ['min', 'max'] as const) {
    const outcome = await shared().build(`${app}ARG TOKEN\n`, { files, buildArgs, provenance })
    const { content } = shared().stores
    const read = async (digest: string) =>
      JSON.parse(String(await content.readAll(parseDigest(digest))))
    const [image, attestation] = (await read(outcome.descriptor ?? '')).manifests
    assert.deepEqual(attestation.annotations, {
      'vnd.docker.reference.digest': image.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    })
    assert.deepEqual(attestation.platform, { architecture: 'unknown', os: 'unknown' })
    const { layers } = await read(attestation.digest)
    assert.equal(layers[0].mediaType, 'application/vnd.in-toto+json')
    const statement = await read(layers[0].digest)
    assert.equal(statement.predicateType, 'https://slsa.dev/provenance/v1')
    assert.equal(`sha256:${statement.subject[0].digest.sha256}`, image.digest)
    const [base] = statement.predicate.buildDefinition.resolvedDependencies
    assert.match(base.uri, /^pkg:docker\/busybox@latest\?platform=linux%2F/)
    const text = JSON.stringify(statement)
    assert.equal(text.includes('private'), provenance === 'max')
  }
})

test('--squash: one layer over the base, with what the steps removed gone', async () => {
  const outcome = await shared().build(app, { files, squashes: true, tags: tagged('squash:v1') })
  const { images } = shared()
  const image = images.get('squash:v1')
  const base = images.get('busybox:latest')
  const diffIds = image.config.rootfs.diff_ids
  assert.equal(image.id, outcome.imageId)
  assert.deepEqual(diffIds.slice(0, -1), base.config.rootfs.diff_ids)
  assert.match(image.config.history?.at(-1)?.comment ?? '', /^merge sha256:/)
  await shared().inspect('squash:v1', (rootfs) => {
    assert.equal(readFileSync(`${rootfs}/file`, 'utf8'), files.file)
    assert.equal(readFileSync(`${rootfs}/one`, 'utf8'), 'one\n')
    assert.equal(existsSync(`${rootfs}/gone`), false)
    assert.equal(statSync(`${rootfs}/bin/wget`, { throwIfNoEntry: false }), undefined)
    assert.ok(existsSync(`${rootfs}/bin/busybox`))
  })
})

test('a pushed build is known by what the registry has, and is pulled as it was built', async () => {
  await using registry = await startRegistry()
  const name = `${registry.address}/app:v1`
  const outputs: BuildOutput[] = [{ type: 'image', isPushed: true }]
  const outcome = await shared().build(app, { files, outputs, tags: tagged(name) })
  await using other = await openImageService()
  const pulled = await other.pull(name)
  assert.equal(pulled.id, outcome.imageId)
  assert.equal(pulled.manifest.digest, outcome.descriptor)
  const again = await shared().build(app, { files, outputs, tags: tagged(name) })
  assert.equal(again.descriptor, outcome.descriptor)
})

test('an output that cannot be written fails the build', async () => {
  const write = async () => {
    throw new Error('no space left')
  }
  await assert.rejects(shared().build(app, { files, outputs: [{ type: 'tar', write }] }), {
    message: 'no space left',
  })
})

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

test('steps of a platform that this machine cannot run fail before they start', async (t) => {
  const support = foreignSupport('s390x')
  if (support.type !== 'none') return t.skip(`this machine runs s390x by ${support.handler}`)
  const base = await busyboxImage({ architecture: 's390x' })
  await using registry = await startRegistry()
  const text = `FROM ${await registry.push(base, 'foreign')}\nRUN true\n`
  const platforms = [parsePlatform('linux/s390x')]
  await assert.rejects(shared().build(text, { platforms }), {
    kind: 'failed_precondition',
    message: 'cannot run steps for linux/s390x: no emulator is registered with binfmt_misc',
  })
  const native = text.replace('RUN true', 'COPY file /file')
  await shared().build(native, { platforms, files })
})
