import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import test, { after, before } from 'node:test'
import { sleep } from '#base/async.ts'
import { digestHex, parseDigest } from '#oci/digest.ts'
import { parseReference } from '#oci/reference.ts'
import { run, runOk } from '#test/support/commands.ts'
import { openImageService } from '#test/support/image-service.ts'
import { type FileEntry, makeImage, type TestImage } from '#test/support/images.ts'
import { projectRoot } from '#test/support/paths.ts'
import {
  pass,
  type ProxiedRequest,
  type RegistryProxy,
  startRegistryProxy,
} from '#test/support/registry-proxy.ts'
import { startRegistry, type TestRegistry } from '#test/support/registry.ts'

let registry: TestRegistry
let image: TestImage
const sizeBytes = 4 * 1024 * 1024

function noise(path: string): FileEntry {
  return { path, type: 'file', content: randomBytes(sizeBytes) }
}

before(async () => {
  registry = await startRegistry()
  image = await makeImage({ layers: [[noise('first')], [noise('second')]] })
  await registry.push(image, 'big')
})
after(() => registry.stop())

function isTopLayer({ method, path }: ProxiedRequest): boolean {
  return method === 'GET' && path.endsWith(image.layers[1]?.digest ?? '')
}

/** Where what a pull has of the top layer lies until it is whole. */
function partialOf(root: string): string {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const hex = digestHex(parseDigest(image.layers[1]?.digest ?? ''))
  return join(root, 'content', 'resumable', bootId, hex)
}

/** Offsets that blobs were asked from. */
function resumedAt(proxy: RegistryProxy): number[] {
  return proxy
    .blobRequests()
    .map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1] ?? 0))
}

async function untilFileHolds(path: string, bytes: number): Promise<void> {
  while ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < bytes) await sleep(10)
}

test('a pull that was given up is resumed by the next one with Range', async () => {
  await using service = await openImageService()
  let isStalling = true
  await using proxy = await startRegistryProxy(registry.address, (request) =>
    isTopLayer(request) && isStalling
      ? { type: 'truncate', afterBytes: sizeBytes / 2, stalls: true }
      : pass,
  )
  const abort = new AbortController()
  const reference = parseReference(`${proxy.address}/big`)
  const pulling = service.images.pull({ reference }, abort.signal)
  await Promise.race([pulling, untilFileHolds(partialOf(service.root), sizeBytes / 4)])
  abort.abort()
  await assert.rejects(pulling, { kind: 'cancelled' })
  assert.deepEqual(service.images.list(), [])
  isStalling = false
  const pulled = await service.pull(`${proxy.address}/big`)
  assert.equal(pulled.id, image.config.digest)
  assert.ok(resumedAt(proxy).some((start) => start > 0))
})

test('an engine killed in the middle of a pull starts again and goes on with what it had', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'g-kill-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  let isStalling = true
  await using proxy = await startRegistryProxy(registry.address, (request) =>
    isTopLayer(request) && isStalling
      ? { type: 'truncate', afterBytes: sizeBytes / 2, stalls: true }
      : pass,
  )
  const child = spawn(
    process.execPath,
    [join(projectRoot, 'test/support/pull-child.ts'), root, `${proxy.address}/big`],
    { stdio: 'inherit' },
  )
  await untilFileHolds(partialOf(root), sizeBytes / 4)
  isStalling = false
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using service = await openImageService({ root })
  assert.deepEqual(service.images.list(), [])
  const pulled = await service.pull(`${proxy.address}/big`)
  assert.equal(pulled.id, image.config.digest)
  assert.ok(resumedAt(proxy).some((start) => start >= sizeBytes / 4))
  await service.images.remove(pulled.id, { force: false, noPrune: false, usedBy: () => [] })
  await service.stores.gc.run()
  assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
})

test('a full disk stops the pull with its reason and is given back', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'g-full-'))
  await runOk('mount', ['-t', 'tmpfs', '-o', 'size=10m', 'gantry-test', root])
  t.after(async () => {
    await run('umount', [root])
    rmSync(root, { recursive: true, force: true })
  })
  mkdirSync(join(root, 'data'))
  await using service = await openImageService({ root: join(root, 'data') })
  await assert.rejects(service.pull(`${registry.address}/big`), {
    kind: 'resource_exhausted',
    message: /no space left on device/,
  })
  assert.deepEqual(service.images.list(), [])
  assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
  const small = await makeImage({ layers: [[{ path: 'x', type: 'file', content: 'x' }]] })
  await service.pull(await registry.push(small, 'small'))
})
