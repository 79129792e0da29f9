/** Registries that refuse, lie, break off or fall silent, seen through the official command line. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { sleep } from '#base/async.ts'
import { busyboxFiles } from '#test/support/busybox.ts'
import { run, runOk } from '#test/support/commands.ts'
import { shareEngine, startEngine } from '#test/support/engine.ts'
import type { TestEngine } from '#test/support/engine.ts'
import { makeImage } from '#test/support/images.ts'
import { startRegistry } from '#test/support/registry.ts'
import type { TestRegistry } from '#test/support/registry.ts'
import { pass, startRegistryProxy } from '#test/support/registry-proxy.ts'
import type { Fault, ProxiedRequest } from '#test/support/registry-proxy.ts'

const engine = shareEngine({ hasBusybox: false })
let registry: TestRegistry
before(async () => {
  registry = await startRegistry()
})
after(() => registry.stop())

const isLayer = ({ path }: ProxiedRequest) => path.includes('/blobs/')
const isManifest = ({ path }: ProxiedRequest) => path.includes('/manifests/')

interface Try {
  readonly fault: Fault
  readonly when: (request: ProxiedRequest) => boolean
}

/** Pushes an image with a layer that no engine here has met; its name without the registry. */
async function pushNew(): Promise<string> {
  const mark = { path: 'mark', type: 'file', content: `${(pushed += 1)}` } as const
  const name = `app:v${pushed}`
  const image = await makeImage({ layers: [[...(await busyboxFiles()), mark]] })
  await registry.push(image, 'app', `v${pushed}`)
  return name
}

let pushed = 0

/** Pulls through a registry with this fault: says why not. Then through a good one, and runs it. */
async function pullWith({ fault, when }: Try): Promise<string> {
  const name = await pushNew()
  await using proxy = await startRegistryProxy(registry.address, (request) =>
    when(request) ? fault : pass,
  )
  const pulled = await engine().docker(['pull', `${proxy.address}/${name}`])
  assert.notEqual(pulled.code, 0, pulled.stdout)
  await assertNothingLeft(engine())
  await assertHeals(name)
  return pulled.stderr
}

async function assertNothingLeft(where: TestEngine): Promise<void> {
  assert.equal((await where.docker(['images', '-aq'])).stdout, '')
}

async function assertHeals(name: string): Promise<void> {
  const image = `${registry.address}/${name}`
  const pulled = await engine().docker(['pull', '-q', image])
  assert.equal(pulled.code, 0, pulled.stderr)
  assert.equal((await engine().docker(['run', '--rm', image, 'echo', 'hi'])).stdout, 'hi\n')
  await engine().docker(['rmi', image])
}

test('an unknown image, and one nobody serves', async () => {
  const unknown = await engine().docker(['run', '--rm', `${registry.address}/nosuch`, 'true'])
  assert.equal(unknown.code, 125)
  assert.match(unknown.stderr, /Unable to find image '127\.0\.0\.1:\d+\/nosuch:latest' locally/)
  assert.match(unknown.stderr, /manifest for \S+ not found: manifest unknown/)
  const nobody = await engine().docker(['pull', '127.0.0.1:1/x'])
  assert.equal(nobody.code, 1)
  assert.match(nobody.stderr, /dial tcp 127\.0\.0\.1:1: connect: connection refused/)
})

test('401, 404 and 500', async () => {
  const headers = { 'WWW-Authenticate': 'Basic realm="test"' }
  const body = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
  const closed = await pullWith({
    fault: { type: 'answer', status: 401, headers, body },
    when: () => true,
  })
  assert.match(closed, /no basic auth credentials|unauthorized|authentication required/)
  const gone = await pullWith({ fault: { type: 'answer', status: 404 }, when: isManifest })
  assert.match(gone, /not found/i)
  const broken = await pullWith({ fault: { type: 'answer', status: 500 }, when: isManifest })
  assert.match(broken, /500 Internal Server Error/)
})

test('a layer with other bytes than its digest says', async () => {
  assert.match(await pullWith({ fault: { type: 'corrupt' }, when: isLayer }), /digest/)
})

test('a download that always breaks off', async () => {
  const cut = await pullWith({ fault: { type: 'truncate', afterBytes: 0 }, when: isLayer })
  assert.match(cut, /unexpected EOF|connection reset|closed/)
})

test('what a failed pull had received is freed by a prune', async () => {
  const name = await pushNew()
  let blobs = 0
  await using proxy = await startRegistryProxy(registry.address, ({ method, path, headers }) => {
    if (method !== 'GET' || !path.includes('/blobs/')) return pass
    // The config comes first, and whole.
    if (blobs++ === 0) return pass
    if (headers['range'] === undefined) return { type: 'truncate', afterBytes: 600_000 }
    return { type: 'answer', status: 400 }
  })
  const { code } = await engine().docker(['pull', `${proxy.address}/${name}`])
  assert.notEqual(code, 0)
  const resumables = `${engine().identity.dataRoot}/content/resumable`
  const parts = () => readdirSync(resumables, { recursive: true }).slice(1)
  assert.notDeepEqual(parts(), [])
  assert.equal((await engine().docker(['image', 'prune', '-f'])).code, 0)
  while (parts().length > 0) await sleep(20)
})

test('a pull from a silent registry ends with its client', async () => {
  const name = await pushNew()
  const asked = Promise.withResolvers<void>()
  await using proxy = await startRegistryProxy(registry.address, (request) => {
    if (!isLayer(request)) return pass
    asked.resolve()
    return { type: 'hang' }
  })
  const client = new AbortController()
  const pull = engine().docker(['pull', `${proxy.address}/${name}`], { signal: client.signal })
  await asked.promise
  client.abort()
  await assert.rejects(pull, { name: 'AbortError' })
  await assertNothingLeft(engine())
  await assertHeals(name)
})

test('a full disk', async () => {
  // What is deferred last ends first: the engine before its disk.
  await using undo = new AsyncDisposableStack()
  const disk = await smallDisk(undo)
  const scope = { after: (work: () => Promise<void>) => undo.defer(work) }
  const small = await startEngine(scope, { args: [`--data-root=${disk}/data`], hasBusybox: false })
  const { code, stderr } = await small.docker(['pull', `${registry.address}/${await pushNew()}`])
  assert.equal(code, 1)
  assert.match(stderr, /no space left on device/)
  await assertNothingLeft(small)
})

/** Room for the engine's own files and a part of busybox. */
async function smallDisk(undo: AsyncDisposableStack): Promise<string> {
  const disk = mkdtempSync('/tmp/g-full-')
  undo.defer(() => rmSync(disk, { recursive: true, force: true }))
  await runOk('mount', ['-t', 'tmpfs', '-o', 'size=1500k', 'gantry-test', disk])
  undo.defer(async () => void (await run('umount', [disk])))
  return disk
}
