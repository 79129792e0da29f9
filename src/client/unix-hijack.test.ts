import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Outgoing, textOf } from '#client/requests.ts'
import type { UnixConnection } from '#client/unix-connection.ts'
import { hijackUnix } from '#client/unix-hijack.ts'

const outgoing: Outgoing = {
  endpoint: { type: 'unix', path: '/run/x.sock' },
  call: { method: 'POST', path: '/exec/x/start' },
  target: '/exec/x/start',
  headers: { 'Content-Length': '2' },
  text: '{}',
}

/** Answers with `replies`, one a read, whatever it is sent. */
function fakeConnection(...replies: readonly string[]) {
  const left = replies.map((text) => Buffer.from(text))
  const sent: string[] = []
  const connection: UnixConnection = {
    read: () => Promise.resolve(left.shift()),
    async write(bytes) {
      sent.push(Buffer.from(bytes).toString())
    },
    closeWriting: () => sent.push('<half-close>'),
    close: () => sent.push('<close>'),
  }
  return { sent, connect: () => Promise.resolve(connection) }
}

const upgraded =
  'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n'

test('hijackUnix sends one request and gives the bytes behind the head', async () => {
  const { sent, connect } = fakeConnection(upgraded.slice(0, 40), `${upgraded.slice(40)}a`, 'b')
  const hijack = await hijackUnix(outgoing, '/run/x.sock', connect)
  assert.equal(hijack.isMultiplexed, true)
  await hijack.write(Buffer.from('typed'))
  hijack.closeStdin()
  assert.equal(await textOf(hijack.output), 'ab')
  hijack[Symbol.dispose]()
  const request =
    'POST /exec/x/start HTTP/1.1\r\nHost: gantry\r\nContent-Length: 2\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n{}'
  assert.deepEqual(sent, [request, 'typed', '<half-close>', '<close>'])
})

const refusals = {
  'with a length': ['Content-Length: 26\r\n\r\n{"message":"no', ' such exec"}'],
  'in chunks': [
    'Transfer-Encoding: chunked\r\n\r\nc\r\n{"message":"\r\n',
    'c\r\nno such exec\r\n2\r\n"}\r\n0\r\n\r\n',
  ],
}

for (const [name, [first = '', ...rest]] of Object.entries(refusals)) {
  test(`hijackUnix throws the engine's refusal ${name} and closes`, async () => {
    const { sent, connect } = fakeConnection(`HTTP/1.1 404 Not Found\r\n${first}`, ...rest)
    const hijack = hijackUnix(outgoing, '/run/x.sock', connect)
    await assert.rejects(hijack, { kind: 'not_found', message: 'no such exec' })
    assert.equal(sent.at(-1), '<close>')
  })
}

test('hijackUnix says when the engine leaves without an answer', async () => {
  const { connect } = fakeConnection('HTTP/1.1 101')
  await assert.rejects(hijackUnix(outgoing, '/run/x.sock', connect), { kind: 'unavailable' })
})

test('hijackUnix explains a socket that nobody listens on', async () => {
  const refused = () =>
    Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
  await assert.rejects(hijackUnix(outgoing, '/run/x.sock', refused), {
    kind: 'unavailable',
    message:
      'Cannot connect to the Gantry daemon at unix:///run/x.sock. Is the gantryd daemon running?',
  })
})
