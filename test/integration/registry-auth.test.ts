import assert from 'node:assert/strict'
import test from 'node:test'
import type { RegistryAuth } from '#registry/types.ts'
import { openRegistryClient } from '#registry/client.ts'
import { busyboxImage } from '#test/support/busybox.ts'
import { openImageService } from '#test/support/image-service.ts'
import { type Fault, pass, startRegistryProxy } from '#test/support/registry-proxy.ts'
import { registryUser, startRegistry } from '#test/support/registry.ts'

const good: RegistryAuth = {
  type: 'basic',
  username: registryUser.name,
  password: registryUser.password,
}
const wrong: RegistryAuth = { ...good, password: 'wrong' }

function signal(): AbortSignal {
  return new AbortController().signal
}

test('basic credentials open a registry that asks for them; none and wrong ones do not', async () => {
  await using registry = await startRegistry({ hasAuth: true })
  await using service = await openImageService()
  const image = await busyboxImage()
  const name = await registry.push(image, 'private')
  const url = `http://${registry.address}/v2/private/manifests/latest`
  await assert.rejects(service.pull(name), {
    kind: 'permission_denied',
    message: `Head "${url}": no basic auth credentials`,
  })
  await assert.rejects(service.pull(name, { auth: wrong }), {
    kind: 'permission_denied',
    message: 'unauthorized: authentication required',
  })
  assert.deepEqual(service.held(), { blobs: 0, layers: 0 })
  assert.equal((await service.pull(name, { auth: good })).id, image.config.digest)
})

test('login tells good credentials from wrong ones', async () => {
  await using registry = await startRegistry({ hasAuth: true })
  await using client = openClient()
  assert.deepEqual(await client.login(registry.address, good, signal()), {})
  await assert.rejects(client.login(registry.address, wrong, signal()), {
    kind: 'unauthenticated',
    message: `login attempt to http://${registry.address}/v2/ failed: unauthorized: authentication required`,
  })
})

function openClient() {
  return openRegistryClient({ insecureRegistries: [], mirrors: [], userAgent: 'gantry-test' })
}

/** A token service and a registry that takes nothing but its tokens. */
function tokenGuard(options: { readonly self: () => string; readonly isGuarded?: boolean }) {
  const expected = `Basic ${btoa(`${registryUser.name}:${registryUser.password}`)}`
  return ({
    path,
    method,
    headers,
  }: {
    path: string
    method: string
    headers: Readonly<Record<string, string | undefined>>
  }): Fault => {
    if (path.startsWith('/token')) {
      const isGood =
        headers['authorization'] === expected || (method === 'POST' && options.isGuarded !== true)
      const body = isGood
        ? JSON.stringify({ token: 'opaque', expires_in: 300 })
        : JSON.stringify({
            errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }],
          })
      return { type: 'answer', status: isGood ? 200 : 401, body }
    }
    if (headers['authorization'] === 'Bearer opaque') return pass
    const scope = 'error="insufficient_scope"'
    const challenge = `Bearer realm="http://${options.self()}/token",service="test",scope="x"`
    return {
      type: 'answer',
      status: 401,
      headers: {
        'www-authenticate': headers['authorization'] ? `${challenge},${scope}` : challenge,
      },
    }
  }
}

test('a token is fetched once for all requests of a repository', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  const image = await busyboxImage()
  await registry.push(image, 'team/app')
  let self = ''
  await using proxy = await startRegistryProxy(registry.address, tokenGuard({ self: () => self }))
  self = proxy.address
  await service.pull(`${self}/team/app:latest`, { auth: good })
  const tokens = proxy.requests.filter(({ path }) => path.startsWith('/token'))
  assert.equal(tokens.length, 1)
  const query = new URL(tokens[0]?.path ?? '', 'http://x').searchParams
  assert.equal(query.get('scope'), 'repository:team/app:pull')
  assert.equal(query.get('service'), 'test')
  assert.equal(query.get('account'), registryUser.name)
})

test('an identity token is exchanged by POST', async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  await registry.push(await busyboxImage(), 'app')
  let self = ''
  await using proxy = await startRegistryProxy(registry.address, tokenGuard({ self: () => self }))
  self = proxy.address
  await service.pull(`${self}/app`, { auth: { type: 'identityToken', token: 'refresh' } })
  assert.ok(proxy.requests.some(({ method, path }) => method === 'POST' && path === '/token'))
})

test("a refused token is the registry's own words", async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  let self = ''
  await using proxy = await startRegistryProxy(registry.address, tokenGuard({ self: () => self }))
  self = proxy.address
  await assert.rejects(service.pull(`${self}/app`, { auth: wrong }), {
    kind: 'permission_denied',
    message: /unauthorized: incorrect username or password$/,
  })
})

test("insufficient scope is Docker's pull access denied", async () => {
  await using registry = await startRegistry()
  await using service = await openImageService()
  let self = ''
  await using proxy = await startRegistryProxy(registry.address, (request) =>
    request.path.startsWith('/token')
      ? { type: 'answer', status: 200, body: '{"token":"powerless"}' }
      : tokenGuard({ self: () => self })(request),
  )
  self = proxy.address
  await assert.rejects(service.pull(`${self}/secret`), {
    kind: 'not_found',
    message: `pull access denied for ${self}/secret, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
  })
})

test('credentials do not follow a redirect to another host', async () => {
  await using registry = await startRegistry({ hasAuth: true })
  await using service = await openImageService()
  const image = await busyboxImage()
  await registry.push(image, 'app')
  await using storage = await startRegistryProxy(registry.address, ({ headers }) =>
    headers['authorization'] === undefined
      ? { type: 'answer', status: 403, body: 'no credentials, as it should be' }
      : pass,
  )
  await using front = await startRegistryProxy(registry.address, ({ path }) =>
    path.includes('/blobs/')
      ? {
          type: 'answer',
          status: 307,
          headers: {
            location: `http://${storage.address.replace('127.0.0.1', 'localhost')}${path}`,
          },
        }
      : pass,
  )
  await assert.rejects(service.pull(`${front.address}/app`, { auth: good }))
  assert.ok(storage.requests.length > 0)
  assert.ok(storage.requests.every(({ headers }) => headers['authorization'] === undefined))
  assert.ok(front.blobRequests().every(({ headers }) => headers['authorization'] !== undefined))
})

test('https with an unknown authority works for loopback, and plain http is found after it', async () => {
  await using registry = await startRegistry({ hasTls: true })
  await using service = await openImageService()
  const image = await busyboxImage()
  const name = await registry.push(image, 'secure')
  assert.equal((await service.pull(name)).id, image.config.digest)
})
