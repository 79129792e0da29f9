import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { errorKind } from '#base/errors.ts'
import { silentLogger } from '#base/log.ts'
import { saveBody } from '#build/sources/download.ts'
import { openStores } from '#store/open.ts'
import { mount, unmount } from '#sys/mount.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'
import { encodeArchive } from '#test/support/tar-members.ts'

/** A filesystem with room for 2 MB. */
function smallDisk(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-full-'))
  mount({ type: 'tmpfs', target: directory, options: 'size=2m' })
  t.after(() => {
    unmount(directory, { detach: true })
    rmdirSync(directory)
  })
  return directory
}

const isFull = (error: unknown) => errorKind(error) === 'resource_exhausted'

test('an ingest that fills the disk fails, leaves nothing, and smaller ones work again', async (t) => {
  const root = join(smallDisk(t), 'root')
  await using stores = await openStores({ root, log: silentLogger })
  await using lease = await stores.leases.open('test')
  const source = async function* (megabytes: number) {
    for (let index = 0; index < megabytes * 4; index++) yield Buffer.alloc(256 * 1024, index)
  }
  const ingest = stores.content.ingest({ lease, source: () => source(5), resume: true })
  await assert.rejects(ingest, isFull)
  assert.deepEqual(readdirSync(join(root, 'content/ingest')), [])
  assert.deepEqual([...stores.content.list()], [])
  await stores.content.ingest({ lease, source: () => source(0.5) })
})

test('an extraction that fills the disk fails as such', async (t) => {
  const directory = join(smallDisk(t), 'layer')
  mkdirSync(directory)
  await using extractor = openLayerExtractor({ directory })
  await extractor
    .write(encodeArchive([{ path: 'big', content: Buffer.alloc(5_000_000, 'x') }]))
    .catch(() => undefined)
  await assert.rejects(extractor.finish(), isFull)
})

test('a download that fills the disk fails as such', async (t) => {
  const response = new Response(Buffer.alloc(5_000_000, 'x'))
  const op = { kind: 'http', url: 'http://example.com/big' } as const
  const place = { op, path: join(smallDisk(t), 'big') }
  const { signal } = new AbortController()
  const context = { signal, onOutput: () => {}, onStatus: () => {} }
  await assert.rejects(saveBody(response, place, context), isFull)
})
