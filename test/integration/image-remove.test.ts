import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import test from 'node:test'
import { shortId } from '#base/ids.ts'
import { familiarName, parseReference } from '#oci/reference.ts'
import type { ImageUser } from '#image/types.ts'
import { dockerArchive } from '#test/support/archives.ts'
import { type ImageService, notRemoved, openImageService } from '#test/support/image-service.ts'
import { makeImage } from '#test/support/images.ts'

const container = 'c'.repeat(64)

async function loadImage(service: ImageService, tags: readonly string[], marker = 'x') {
  const image = await makeImage({
    compression: 'none',
    layers: [[{ path: marker, type: 'file', content: marker }]],
  })
  const archive = await dockerArchive(image, tags)
  const source = async function* () {
    yield archive
  }
  await service.images.load(source(), {}, new AbortController().signal)
  return { id: image.config.digest, short: shortId(image.config.digest) }
}

function usedBy(isRunning: boolean): () => readonly ImageUser[] {
  return () => [{ containerId: container, isRunning }]
}

test('a name goes first, the image with its last one', async () => {
  await using service = await openImageService()
  const { id } = await loadImage(service, ['a:1', 'b:1'])
  assert.deepEqual(await service.images.remove('a:1', notRemoved), [{ untagged: 'a:1' }])
  const rows = await service.images.remove('b:1', notRemoved)
  assert.deepEqual(rows.slice(0, 2), [{ untagged: 'b:1' }, { deleted: id }])
  assert.equal(rows.length, 3)
  assert.deepEqual(
    service.events.map(({ action, attributes }) => [action, attributes['name']]).slice(1),
    [
      ['untag', 'a:1'],
      ['untag', 'b:1'],
      ['delete', id],
    ],
  )
  await assert.rejects(service.images.remove('b:1', notRemoved), {
    kind: 'not_found',
    message: 'No such image: b:1',
  })
})

test("conflicts have Docker's texts", async () => {
  await using service = await openImageService()
  const { id, short } = await loadImage(service, ['a:1'])
  const stopped = { ...notRemoved, usedBy: usedBy(false) }
  const running = { ...notRemoved, usedBy: usedBy(true) }
  await assert.rejects(service.images.remove('a:1', stopped), {
    kind: 'conflict',
    message: `conflict: unable to remove repository reference "a:1" (must force) - container cccccccccccc is using its referenced image ${short}`,
  })
  await loadImage(service, ['named:latest'], 'y')
  await assert.rejects(service.images.remove('docker.io/library/named', stopped), {
    message: /unable to remove repository reference "docker.io\/library\/named" \(must force\)/,
  })
  await service.images.remove('named', notRemoved)
  await assert.rejects(service.images.remove(id, { ...running, force: true }), {
    kind: 'conflict',
    message: `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container cccccccccccc`,
  })
  await assert.rejects(service.images.remove(short, stopped), {
    message: `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container cccccccccccc`,
  })
  service.images.tag('a:1', parseReference('b:1'))
  await assert.rejects(service.images.remove(short, notRemoved), {
    message: `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
  })
  const rows = await service.images.remove(short, { ...stopped, force: true })
  assert.deepEqual(rows.slice(0, 3), [{ untagged: 'a:1' }, { untagged: 'b:1' }, { deleted: id }])
})

test('a name forced off an image in use leaves it dangling', async () => {
  await using service = await openImageService()
  const { id } = await loadImage(service, ['a:1'])
  const options = { ...notRemoved, force: true, usedBy: usedBy(true) }
  assert.deepEqual(await service.images.remove('a:1', options), [{ untagged: 'a:1' }])
  assert.deepEqual(service.images.get(id).repoTags, [])
})

test('images are found by id, prefix and name; tags move', async () => {
  await using service = await openImageService()
  const one = await loadImage(service, ['a:1'], 'one')
  const two = await loadImage(service, ['b:1'], 'two')
  const { images } = service
  for (const text of [one.id, one.short, `sha256:${one.short}`, 'a:1', 'docker.io/library/a:1']) {
    assert.equal(images.get(text).id, one.id, text)
  }
  assert.equal(images.find('a'), undefined)
  assert.equal(images.find('Not A Name'), undefined)
  assert.throws(() => images.get('nope'), {
    kind: 'not_found',
    message: 'No such image: nope:latest',
  })
  assert.throws(() => images.get('Nope'), {
    kind: 'invalid_argument',
    message: 'invalid reference format: repository name (library/Nope) must be lowercase',
  })
  images.tag(two.short, parseReference('a:1'))
  assert.equal(images.get('a:1').id, two.id)
  assert.deepEqual(images.get(one.id).repoTags, [])
  assert.ok(images.get(two.id).lastTaggedAt)
  const digest = parseReference(`x@${one.id}`)
  assert.throws(() => images.tag('a:1', digest), {
    message: 'refusing to create a tag with a digest reference',
  })
  assert.equal(familiarName(digest), `x@${one.id}`)
})

test('records survive a new engine, and a damaged one is set aside', async (t) => {
  const root = mkdtempSync('/tmp/g-records-')
  t.after(() => rmSync(root, { recursive: true, force: true }))
  let damaged = ''
  let kept = ''
  {
    await using service = await openImageService({ root })
    damaged = (await loadImage(service, ['damaged:1'], 'one')).id
    kept = (await loadImage(service, ['kept:1'], 'two')).id
    service.stores.db.run('UPDATE images SET record = substr(record, 9) WHERE id = ?', damaged)
  }
  await using service = await openImageService({ root })
  assert.deepEqual(
    service.images.list().map(({ id, repoTags }) => [id, repoTags]),
    [[kept, ['kept:1']]],
  )
  assert.equal(service.images.find('damaged:1'), undefined)
  assert.equal(service.stores.db.all('SELECT * FROM image_quarantine').length, 1)
  await service.stores.gc.run()
  assert.equal(service.held().layers, 1)
  await loadImage(service, ['damaged:1'], 'one')
  assert.equal(service.images.get('damaged:1').id, damaged)
})
