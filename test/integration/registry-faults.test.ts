import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { parseReference } from '#oci/reference.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { openImageService, type ImageService } from '#test/support/image-service.ts'
import { makeBlob, makeImage, type TestImage } from '#test/support/images.ts'
import {
  type Fault,
  pass,
  type ProxiedRequest,
  startRegistryProxy,
} from '#test/support/registry-proxy.ts'
import { startRegistry, type TestRegistry } from '#test/support/registry.ts'

let registry: TestRegistry
let image: TestImage

before(async () => {
  registry = await startRegistry()
  image = await busyboxImage()
  await registry.push(image, 'app')
})
after(() => registry.stop())

function isLayer({ path, method }: ProxiedRequest): boolean {
  return method === 'GET' && path.endsWith(image.layers[0]?.digest ?? '')
}

/** Nothing half-made: no image, no layer; a partial download may wait to be resumed. */
function assertNothing(service: ImageService): void {
  assert.deepEqual(service.images.list(), [])
  assert.equal(service.held().layers, 0)
}

test("nobody listening is Go's dial error", async () => {
  await using service = await openImageService()
  await assert.rejects(service.pull('127.0.0.1:1/x:y'), {
    kind: 'unavailable',
    message: 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
  })
})

test("an unknown tag and an unknown repository have Docker's texts", async () => {
  await using service = await openImageService()
  for (const name of ['app:nope', 'nope:latest']) {
    await assert.rejects(service.pull(`${registry.address}/${name}`), {
      kind: 'not_found',
      message: `manifest for ${registry.address}/${name} not found: manifest unknown: manifest unknown`,
    })
  }
  assertNothing(service)
})

test('a server error is tried again and then told', async () => {
  await using service = await openImageService()
  await using proxy = await startRegistryProxy(registry.address, ({ path }) =>
    path.includes('/manifests/') ? { type: 'answer', status: 500 } : pass,
  )
  await assert.rejects(service.pull(`${proxy.address}/app`), {
    kind: 'unavailable',
    message: 'received unexpected HTTP status: 500 Internal Server Error',
  })
  const heads = proxy.requests.filter(({ method }) => method === 'HEAD')
  assert.ok(heads.length > 1)
  assertNothing(service)
})

test('a server error that passes is not noticed', async () => {
  await using service = await openImageService()
  let failures = 2
  await using proxy = await startRegistryProxy(registry.address, (request) =>
    isLayer(request) && failures-- > 0 ? { type: 'answer', status: 503 } : pass,
  )
  assert.equal((await service.pull(`${proxy.address}/app`)).id, image.config.digest)
})

test('429 waits as long as Retry-After says, or gives up with the reason', async () => {
  await using service = await openImageService()
  let isFirst = true
  const body = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'slow down' }] })
  const limit = (seconds: string): Fault => ({
    type: 'answer',
    status: 429,
    headers: { 'retry-after': seconds },
    body,
  })
  await using proxy = await startRegistryProxy(registry.address, ({ path }) => {
    if (!path.includes('/manifests/')) return pass
    if (path.includes('/other/')) return limit('3600')
    const fault = isFirst ? limit('0') : pass
    isFirst = false
    return fault
  })
  await service.pull(`${proxy.address}/app`)
  await assert.rejects(service.pull(`${proxy.address}/other`), {
    kind: 'unavailable',
    message: 'toomanyrequests: slow down',
  })
})

test('a download that breaks off goes on by Range within the pull', async () => {
  await using service = await openImageService()
  let cuts = 3
  await using proxy = await startRegistryProxy(registry.address, (request) =>
    isLayer(request) && cuts-- > 0 ? { type: 'truncate', afterBytes: 200_000 } : pass,
  )
  assert.equal((await service.pull(`${proxy.address}/app`)).id, image.config.digest)
  const ranges = proxy.requests.filter(isLayer).map(({ headers }) => headers['range'])
  assert.equal(ranges[0], undefined)
  const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]))
  assert.equal(starts.length, 3)
  assert.ok(starts.every((start, index) => start > (starts[index - 1] ?? 0)))
})

test('a registry that ignores Range is read from the start', async () => {
  await using service = await openImageService()
  let isFirst = true
  await using plain = await startRegistryProxy(registry.address, (request) => {
    if (!isLayer(request)) return pass
    if (request.headers['range'] !== undefined) {
      const bytes = image.layers[0]?.bytes ?? new Uint8Array()
      return { type: 'answer', status: 200, bytes }
    }
    const fault: Fault = isFirst ? { type: 'truncate', afterBytes: 300_000 } : pass
    isFirst = false
    return fault
  })
  assert.equal((await service.pull(`${plain.address}/app`)).id, image.config.digest)
})

test('a registry that stops sending is given up after the idle time', async () => {
  await using service = await openImageService({ idleTimeoutMs: 300 })
  await using silent = await startRegistryProxy(registry.address, ({ path }) =>
    path.includes('/manifests/') ? { type: 'hang' } : pass,
  )
  await assert.rejects(service.pull(`${silent.address}/app`), {
    kind: 'unavailable',
    message: /timeout awaiting response headers$/,
  })
  await using stalling = await startRegistryProxy(registry.address, (request) =>
    isLayer(request) && request.headers['range'] === undefined
      ? { type: 'truncate', afterBytes: 1000, stalls: true }
      : pass,
  )
  assert.equal((await service.pull(`${stalling.address}/app`)).id, image.config.digest)
})

test('a layer with other bytes is refused, and a good registry heals it', async () => {
  await using service = await openImageService()
  await using proxy = await startRegistryProxy(registry.address, (request) =>
    isLayer(request) ? { type: 'corrupt' } : pass,
  )
  await assert.rejects(service.pull(`${proxy.address}/app`), {
    kind: 'data_loss',
    message: `filesystem layer verification failed for digest ${image.layers[0]?.digest}`,
  })
  assertNothing(service)
  await service.pull(`${registry.address}/app`)
})

test('a layer that is not what the config says is refused', async () => {
  await using service = await openImageService()
  const [one, two] = await Promise.all(
    ['one', 'two'].map((content) =>
      makeImage({ layers: [[{ path: 'x', type: 'file', content }]] }),
    ),
  )
  assert.ok(one && two)
  const document = JSON.parse(Buffer.from(one.manifest.bytes).toString())
  const layer = two.layers[0]
  assert.ok(layer)
  const forged = {
    ...document,
    layers: [{ ...document.layers[0], digest: layer.digest, size: layer.bytes.byteLength }],
  }
  await registry.push(one, 'forged')
  await registry.push(two, 'forged', 'two')
  const bytes = Buffer.from(JSON.stringify(forged))
  await registry.pushManifest(makeBlob(one.manifest.mediaType, bytes), 'forged:latest')
  await assert.rejects(service.pull(`${registry.address}/forged`), {
    kind: 'data_loss',
    message: "layers from manifest don't match image configuration",
  })
  assertNothing(service)
})

test('a manifest with other bytes or another type than announced is refused', async () => {
  await using service = await openImageService()
  const tampered = (headers: Record<string, string>, body: string): Fault => ({
    type: 'answer',
    status: 200,
    headers: { 'content-type': image.manifest.mediaType, ...headers },
    body,
  })
  const text = Buffer.from(image.manifest.bytes).toString()
  const answers: Readonly<Record<string, Fault>> = {
    '/v2/changed/': tampered({}, `${text} `),
    '/v2/typed/': tampered({ 'content-type': 'application/vnd.oci.image.index.v1+json' }, text),
    '/v2/huge/': tampered({}, `"${'x'.repeat(5 * 1024 * 1024)}"`),
  }
  await using proxy = await startRegistryProxy(registry.address, ({ path, method }) => {
    const found = Object.entries(answers).find(([prefix]) => path.startsWith(prefix))?.[1]
    if (!found || !path.includes('/manifests/')) return pass
    if (method === 'GET') return found
    const headers = {
      'content-type': image.manifest.mediaType,
      'docker-content-digest': image.manifest.digest,
      'content-length': String(image.manifest.bytes.byteLength),
    }
    return { type: 'answer', status: 200, headers }
  })
  const kinds = { changed: 'data_loss', typed: 'invalid_argument', huge: 'resource_exhausted' }
  for (const [name, kind] of Object.entries(kinds)) {
    await assert.rejects(service.pull(`${proxy.address}/${name}`), { kind }, name)
  }
  assertNothing(service)
})

test('redirects without end are refused', async () => {
  await using service = await openImageService()
  await using proxy = await startRegistryProxy(registry.address, (request) => {
    if (!isLayer(request)) return pass
    return { type: 'answer', status: 307, headers: { location: request.path } }
  })
  await assert.rejects(service.pull(`${proxy.address}/app`), /stopped after 5 redirects/)
  assertNothing(service)
})

test('a pull that is given up ends at once and leaves nothing visible', async () => {
  await using service = await openImageService()
  const asked = Promise.withResolvers<void>()
  await using proxy = await startRegistryProxy(registry.address, (request) => {
    if (!isLayer(request)) return pass
    asked.resolve()
    return { type: 'hang' }
  })
  const abort = new AbortController()
  const pulling = service.images.pull(
    { reference: parseReference(`${proxy.address}/app`) },
    abort.signal,
  )
  await asked.promise
  abort.abort()
  await assert.rejects(pulling, { kind: 'cancelled' })
  assertNothing(service)
  assert.equal((await service.pull(`${registry.address}/app`)).id, image.config.digest)
})

test('a mirror serves docker.io, and its absence goes unnoticed', async () => {
  await registry.push(image, 'library/mirrored')
  await using proxy = await startRegistryProxy(registry.address, () => pass)
  await using service = await openImageService({
    mirrors: ['http://127.0.0.1:1', `http://${proxy.address}`],
  })
  const auth = { type: 'basic', username: 'u', password: 'secret' } as const
  const pulled = await service.pull('mirrored', { auth })
  assert.deepEqual(pulled.repoTags, ['mirrored:latest'])
  assert.ok(proxy.requests.every(({ headers }) => headers['authorization'] === undefined))
})
