import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyboxDockerArchive, busyboxOciArchive } from '#test/support/busybox.ts'
import { startEngine } from '#test/support/engine.ts'

test('an engine starts, runs a container and leaves nothing behind', async (t) => {
  const engine = await startEngine(t)
  const { stdout, stderr, code } = await engine.docker(['run', '--rm', 'busybox', 'echo', 'hi'])
  assert.deepEqual({ stdout, stderr, code }, { stdout: 'hi\n', stderr: '', code: 0 })
})

test('the same image in both archive formats has the same id and runs', async (t) => {
  const engine = await startEngine(t, { hasBusybox: false })
  const ids: (string | undefined)[] = []
  for (const archive of [await busyboxDockerArchive(), await busyboxOciArchive()]) {
    const loaded = await engine.gantry(['load', '--input', archive])
    assert.equal(loaded.stdout, 'Loaded image: busybox:latest\n')
    ids.push((await engine.client.images.inspect('busybox')).Id)
    const { stdout } = await engine.gantry(['run', '--rm', 'busybox', 'id', '-u'])
    assert.equal(stdout, '0\n')
    await engine.client.images.remove('busybox')
  }
  assert.equal(ids[0], ids[1])
})
