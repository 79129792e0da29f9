import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import type { Client } from '#client/client.ts'
import { startEngine } from '#test/support/engine.ts'
import { execIn } from '#test/support/kill9/streams.ts'

test('execs whose engine died: what hung on it ends, what was detached goes on, and new ones work', async (t) => {
  const engine = await startEngine(t)
  const { client } = engine
  await client.containers.create({ Image: 'busybox', Cmd: ['sleep', '1000'] }, { name: 'host' })
  await client.containers.start('host')
  const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true }
  const reader = await client.execs.create('host', { ...attached, Cmd: ['cat'] })
  const terminal = await client.execs.create('host', {
    ...attached,
    Tty: true,
    Cmd: ['sleep', '1001'],
  })
  const detached = await client.execs.create('host', { Cmd: ['sleep', '1002'] })
  using _reading = await client.execs.start(reader.Id)
  using _terminal = await client.execs.start(terminal.Id, { Tty: true })
  await client.execs.startDetached(detached.Id)
  const all = ['cat', 'sleep 1000', 'sleep 1001', 'sleep 1002']
  await untilRunning(client, all)
  await engine.kill9()
  await engine.restart()
  await untilRunning(client, ['sleep 1000', 'sleep 1002'])
  for (const { Id } of [reader, terminal, detached]) {
    await assert.rejects(client.execs.inspect(Id), {
      kind: 'not_found',
      message: `No such exec instance: ${Id}`,
    })
  }
  assert.deepEqual(await execIn(client, 'host', ['echo', 'new']), { code: 0, stdout: 'new\n' })
})

async function untilRunning(client: Client, expected: readonly string[]): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const { Processes } = await client.containers.top('host', '-e -o pid,args')
    const found = (Processes ?? []).map(([, ...args]) => args.join(' ')).toSorted()
    if (found.join() === expected.join()) return
    if (performance.now() > deadline) assert.deepEqual(found, expected)
    await delay(20)
  }
}
