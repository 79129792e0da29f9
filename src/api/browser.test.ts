import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import test from 'node:test'
import { createApiServer } from '#api/server.ts'
import { fakeEngine } from '#api/testing/fake-engine.ts'
import { startApi } from '#api/testing/test-api.ts'

test('a web page is refused on tcp, and whoever proxies the unix socket is not', async (t) => {
  const api = createApiServer(fakeEngine(), {
    engineVersion: '0.0.0-test',
    minApiVersion: '1.24',
    isDebug: false,
  })
  const server = createServer(api.serverOptions)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  api.serve(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const send = async (method: string, headers: Readonly<Record<string, string>>) => {
    const url = `http://127.0.0.1:${address.port.toString()}/_ping`
    const reply = await fetch(url, { method, headers })
    await reply.arrayBuffer()
    return reply.status
  }
  assert.equal(await send('GET', {}), 200)
  assert.equal(await send('GET', { 'sec-fetch-site': 'none' }), 200)
  assert.equal(await send('GET', { origin: 'http://evil.test' }), 403)
  assert.equal(await send('GET', { 'sec-fetch-site': 'same-origin' }), 403)

  await using local = await startApi(fakeEngine())
  const reply = await local.send('GET', '/_ping', { headers: { origin: 'http://ui.test' } })
  assert.equal(reply.status, 200)
})
