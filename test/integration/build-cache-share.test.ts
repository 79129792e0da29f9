import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { BuildOutput, CacheLocation } from '#build/types.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { openTestBuilder, tagged, type TestBuilder } from '#test/support/builder.ts'
import { startRegistry, type TestRegistry } from '#test/support/registry.ts'

const files = { file: 'from the context' }

function dockerfile(base: string): string {
  return `FROM ${base} AS make
RUN echo made > /made
RUN echo more > /more
FROM ${base}
RUN echo first > /first
COPY --from=make /made /made
COPY file /file
RUN cat /file /made > /both
`
}

async function openTwo(t: TestContext): Promise<readonly [TestBuilder, TestBuilder]> {
  const one = await openTestBuilder()
  t.after(() => one.close())
  const two = await openTestBuilder()
  t.after(() => two.close())
  return [one, two]
}

async function basis(registry: TestRegistry): Promise<string> {
  return dockerfile(await registry.push(await busyboxImage(), 'base'))
}

test('registry, mode=max: another engine runs nothing and gets the same image', async (t) => {
  await using registry = await startRegistry()
  const [one, two] = await openTwo(t)
  const text = await basis(registry)
  const cache: CacheLocation = {
    type: 'registry',
    reference: `${registry.address}/cache:main`,
    mode: 'max',
  }
  const first = await one.build(text, { files, cacheTo: [cache] })
  assert.equal(first.ran.length, 6)
  const second = await two.build(text, { files, cacheFrom: [cache] })
  assert.deepEqual(second.ran, [])
  assert.equal(second.imageId, first.imageId)
  await two.inspect(second.imageId ?? '', (rootfs) =>
    assert.ok(readdirSync(rootfs).includes('both')),
  )
  const without = await two.build(text, { files })
  assert.deepEqual(without.ran, [], 'what was imported once is part of the own cache')
})

test('registry, mode=min: the steps of the image are there, those of other stages are not', async (t) => {
  await using registry = await startRegistry()
  const [one, two] = await openTwo(t)
  const text = await basis(registry)
  const cache: CacheLocation = {
    type: 'registry',
    reference: `${registry.address}/cache:main`,
    mode: 'min',
  }
  await one.build(text, { files, cacheTo: [cache] })
  const second = await two.build(text, { files, cacheFrom: [cache] })
  assert.deepEqual(second.ran.toSorted(), ['RUN echo made > /made', 'RUN echo more > /more'])
})

test('inline: an image brings its own cache along', async (t) => {
  await using registry = await startRegistry()
  const [one, two] = await openTwo(t)
  const base = await registry.push(await busyboxImage(), 'base')
  const text = `FROM ${base}\nRUN echo first > /first\nCOPY file /file\n`
  const name = `${registry.address}/app:v1`
  const outputs: BuildOutput[] = [{ type: 'image', isPushed: true }]
  const cacheTo: CacheLocation[] = [{ type: 'inline' }]
  await one.build(text, { files, outputs, cacheTo, tags: tagged(name) })
  const cacheFrom: CacheLocation[] = [{ type: 'registry', reference: name, mode: 'min' }]
  const second = await two.build(text, { files, cacheFrom })
  assert.deepEqual(second.ran, [])
})

test('local: an OCI layout directory; a changed file runs only what depends on it', async (t) => {
  await using registry = await startRegistry()
  const [one, two] = await openTwo(t)
  const path = mkdtempSync(join(tmpdir(), 'g-cache-'))
  t.after(() => rmSync(path, { recursive: true }))
  const text = await basis(registry)
  const cache: CacheLocation = { type: 'local', path, mode: 'max' }
  await one.build(text, { files, cacheTo: [cache] })
  assert.deepEqual(readdirSync(path).toSorted(), ['blobs', 'index.json', 'oci-layout'])
  const second = await two.build(text, { files: { file: 'changed' }, cacheFrom: [cache] })
  assert.deepEqual(second.ran, ['COPY file /file', 'RUN cat /file /made > /both'])
})

test('a cache that is missing or damaged is passed over', async (t) => {
  await using registry = await startRegistry()
  const builder = await openTestBuilder()
  t.after(() => builder.close())
  const path = mkdtempSync(join(tmpdir(), 'g-cache-'))
  t.after(() => rmSync(path, { recursive: true }))
  writeFileSync(join(path, 'index.json'), '{"schemaVersion":2')
  const cacheFrom: CacheLocation[] = [
    { type: 'registry', reference: `${registry.address}/none:main`, mode: 'max' },
    { type: 'local', path, mode: 'max' },
  ]
  const outcome = await builder.build('FROM busybox\nRUN echo x > /x\n', { cacheFrom })
  assert.deepEqual(outcome.ran, ['RUN echo x > /x'])
  const failed = outcome.events.flatMap((event) =>
    event.type === 'vertex-failed' ? [event.vertex.name] : [],
  )
  assert.deepEqual(failed, [
    `importing cache manifest from ${registry.address}/none:main`,
    `importing cache manifest from ${path}`,
  ])
})
