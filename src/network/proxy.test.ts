import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { startTcpProxy } from '#network/tcp-proxy.ts'
import { startUdpProxy } from '#network/udp-proxy.ts'
import { reservePort, type HeldPort } from '#sys/reserve.ts'

/** Some port of [::1] that is free for the protocol, held. */
function holdSomePort(protocol: 'tcp' | 'udp'): { readonly held: HeldPort; readonly port: number } {
  for (let port = 42_000; port < 43_000; port++) {
    const held = reservePort({ protocol, address: '::1', port })
    if (held) return { held, port }
  }
  throw new Error('no port between 42000 and 43000 is free')
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function listen(t: TestContext, onClient: (client: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onClient).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return portOf(server)
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('a half-closed connection still carries the answer, byte for byte', async (t) => {
  const target = await listen(t, (client) => {
    void readAll(client).then((request) => {
      client.write(createHash('sha256').update(request).digest('hex'))
      client.end(request)
    })
  })
  const { held, port } = holdSomePort('tcp')
  await using _proxy = startTcpProxy(held, { address: '127.0.0.1', port: target })
  const request = Buffer.alloc(3_000_000, 'abcdefg')
  const client = connect({ port, host: '::1', allowHalfOpen: true })
  client.end(request)
  const answer = await readAll(client)
  const digest = createHash('sha256').update(request).digest('hex')
  assert.equal(answer.toString('latin1', 0, 64), digest)
  assert.ok(answer.subarray(64).equals(request))
})

test('a target that refuses ends the client, and a closed proxy gives the port back', async () => {
  const { held, port } = holdSomePort('tcp')
  const proxy = startTcpProxy(held, { address: '127.0.0.1', port: 1 })
  const client = connect({ port, host: '::1' })
  client.on('error', () => undefined)
  await once(client, 'close')
  assert.equal(reservePort({ protocol: 'tcp', address: '::1', port }), undefined)
  await proxy[Symbol.asyncDispose]()
  const again = reservePort({ protocol: 'tcp', address: '::1', port })
  assert.ok(again)
  again[Symbol.dispose]()
})

test('closing ends connections that are open', async (t) => {
  const clients: Socket[] = []
  const target = await listen(t, (client) => clients.push(client.on('error', () => undefined)))
  const { held, port } = holdSomePort('tcp')
  const proxy = startTcpProxy(held, { address: '127.0.0.1', port: target })
  const client = connect({ port, host: '::1' })
  client.on('error', () => undefined)
  await once(client, 'connect')
  const closed = once(client, 'close')
  await proxy[Symbol.asyncDispose]()
  await closed
  for (const accepted of clients) accepted.destroy()
})

test('each UDP client gets its own answers', async (t) => {
  const target = createSocket('udp4', (datagram, from) => {
    target.send(`${datagram.toString()} back`, from.port, from.address)
  })
  target.bind(0, '127.0.0.1')
  await once(target, 'listening')
  t.after(() => target.close())
  const { held, port } = holdSomePort('udp')
  await using _proxy = startUdpProxy(held, { address: '127.0.0.1', port: target.address().port })
  const ask = async (text: string) => {
    const client = createSocket('udp6')
    client.send(text, port, '::1')
    const [answer] = await once(client, 'message')
    client.close()
    return String(answer)
  }
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(ask)), ['a back', 'b back', 'c back'])
})

test('a held port is refused to others: listeners, binders and a second holder', async (t) => {
  const { held, port } = holdSomePort('tcp')
  t.after(() => held[Symbol.dispose]())
  assert.equal(reservePort({ protocol: 'tcp', address: '::', port }), undefined)
  const server = createServer().listen(port, '::1')
  const [error] = await once(server, 'error')
  assert.equal(error.code, 'EADDRINUSE')
  assert.throws(() => reservePort({ protocol: 'tcp', address: '203.0.113.9', port }), {
    errno: 'EADDRNOTAVAIL',
  })
})
