import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { join } from 'node:path'
import test from 'node:test'
import { createSessionInbox } from '#api/build/inbox.ts'
import { createSshForward } from '#api/build/ssh.ts'
import { forwardToAgent } from '#cli/build/ssh.ts'
import { openClientPeer, openEnginePeer } from '#wire/build-peer.ts'

function writer(stream: PassThrough) {
  return (chunk: Uint8Array) =>
    new Promise<void>((resolve) => void stream.write(chunk, () => resolve()))
}

test('a connection to the socket in a step ends at the agent of the client', async (t) => {
  const directory = mkdtempSync('/tmp/g-ssh-')
  t.after(() => rmSync(directory, { recursive: true }))
  const agentPath = join(directory, 'agent')
  const agent = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => socket.end(`agent got ${chunk.toString()}`))
  }).listen(agentPath)
  await once(agent, 'listening')
  t.after(() => agent.close())

  const up = new PassThrough()
  const down = new PassThrough()
  const client = openClientPeer({ input: down, write: writer(up) })
  const peer = openEnginePeer({ input: up, write: writer(down) })
  const inbox = createSessionInbox(peer.messages[Symbol.asyncIterator]())
  const serving = (async () => {
    for await (const message of client.messages) {
      if (message.type !== 'ssh') continue
      assert.equal(message.id, 'default')
      await forwardToAgent(agentPath, client.channel(message.channel))
    }
  })()

  const forward = createSshForward('default', { peer, inbox, directory })
  {
    await using socket = await forward()
    const step = connect(socket.socketPath)
    step.write('a question')
    const chunks = await Array.fromAsync(step, (chunk: Buffer) => chunk.toString())
    assert.equal(chunks.join(''), 'agent got a question')
  }
  up.end()
  down.end()
  await serving
})
