import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { sweepAbandoned } from '#test/support/abandoned.ts'
import { processesOf, tablesOf } from '#test/support/leaks.ts'
import type { EngineIdentity } from '#test/support/identity.ts'

const program = `
  const { startEngine } = await import('#test/support/engine.ts')
  const engine = await startEngine({ after: () => undefined })
  const { containers } = engine.client
  await containers.create({ Image: 'busybox', Cmd: ['sleep', '1000'] }, { name: 'left' })
  await containers.start('left')
  console.log(JSON.stringify(engine.identity))
  setInterval(() => undefined, 1000)
`

test('what a killed test process left is removed by the next', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  const identity: EngineIdentity = JSON.parse(String(line))
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  assert.ok(processesOf(identity).length >= 2, 'an engine and a container are left')
  await sweepAbandoned()
  assert.deepEqual(processesOf(identity), [])
  assert.deepEqual(await tablesOf(identity), [])
  assert.equal(existsSync(identity.root), false)
  assert.equal(existsSync(`/sys/class/net/${identity.bridge}`), false)
})
