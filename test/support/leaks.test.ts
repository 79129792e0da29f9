import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { runOk } from '#test/support/commands.ts'
import { makeIdentity } from '#test/support/identity.ts'
import { findLeaks, sweep, tablesOf } from '#test/support/leaks.ts'

test('a machine without strays has no leaks', async () => {
  const identity = makeIdentity()
  assert.deepEqual(await findLeaks(identity), [])
  await sweep(identity)
  assert.equal(existsSync(identity.root), false)
})

test('every kind of stray is found, and swept away', async (t) => {
  const identity = makeIdentity()
  t.after(() => sweep(identity))
  const { root, bridge } = identity
  const cgroup = `/sys/fs/cgroup/pids/${identity.cgroupParent}/stray`
  mkdirSync(`${root}/exec/netns`, { recursive: true })
  mkdirSync(cgroup, { recursive: true })
  await runOk('mount', ['-t', 'tmpfs', 'none', `${root}/exec/netns`])
  await runOk('ip', ['link', 'add', bridge, 'type', 'bridge'])
  await runOk('ip', ['link', 'add', `${bridge}v`, 'type', 'veth'])
  await runOk('ip', ['link', 'set', `${bridge}v`, 'master', bridge])
  await runOk('nft', ['-f', '-'], {
    input: `table inet ${bridge}t { set s { type ifname; elements = { "${bridge}" }; }; }`,
  })
  const descriptor = openSync(`${root}/held`, 'w')
  const child = spawn('tail', ['-f', `${root}/held`], { stdio: 'ignore' })
  await once(child, 'spawn')
  assert.deepEqual(await findLeaks(identity), [
    `mount ${root}/exec/netns`,
    `bridge port ${bridge}v`,
    `cgroup ${cgroup}`,
    `process ${child.pid} tail -f ${root}/held`,
    `descriptor of this process ${root}/held`,
  ])
  assert.deepEqual(await tablesOf(identity), [`inet ${bridge}t`])
  const ended = once(child, 'exit')
  closeSync(descriptor)
  await sweep(identity)
  await ended
  assert.deepEqual(await findLeaks(identity), [])
  assert.deepEqual(await tablesOf(identity), [])
  assert.equal(existsSync(cgroup), false)
  assert.equal(existsSync(`/sys/class/net/${bridge}`), false)
})
