import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import test, { type TestContext } from 'node:test'
import { openCgroup } from '#sys/cgroup/group.ts'

/** Plain files stand for the kernel's; what they hold is as cgroups(7) describes it. */
function makeTree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(`${tmpdir()}/gantry-cgroup-`)
  t.after(() => rmSync(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ''), { recursive: true })
    writeFileSync(`${root}/${path}`, content)
  }
  return root
}

test('v2: processes of the group and below, memory kills, freezing', (t) => {
  const root = makeTree(t, {
    'g/c/cgroup.procs': '10\n11\n',
    'g/c/inner/cgroup.procs': '12\n',
    'g/c/memory.events': 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n',
    'g/c/cgroup.events': 'populated 1\nfrozen 1\n',
    'g/c/cgroup.kill': '',
  })
  const group = openCgroup({ type: 'v2', root }, '/g/c')
  assert.deepEqual(group.pids(), [10, 11, 12])
  assert.equal(group.isOomKilled(), true)
  assert.equal(group.isFrozen(), true)
  group.setFrozen(true)
  assert.equal(readFileSync(`${root}/g/c/cgroup.freeze`, 'utf8'), '1')
  group.kill()
  assert.equal(readFileSync(`${root}/g/c/cgroup.kill`, 'utf8'), '1')
})

test('v1: each fact from its own tree', (t) => {
  const root = makeTree(t, {
    'pids/c/cgroup.procs': '7\n',
    'memory/c/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n',
    'freezer/c/freezer.state': 'THAWED\n',
  })
  const controllers = new Map(
    ['pids', 'memory', 'freezer'].map((name) => [name, `${root}/${name}`]),
  )
  const group = openCgroup({ type: 'v1', controllers, unifiedControllers: [] }, '/c')
  assert.deepEqual(group.pids(), [7])
  assert.equal(group.isOomKilled(), false)
  assert.equal(group.isFrozen(), false)
  group.setFrozen(true)
  assert.equal(readFileSync(`${root}/freezer/c/freezer.state`, 'utf8'), 'FROZEN')
})

test('a group that is nowhere has no processes and is removed without complaint', () => {
  const group = openCgroup({ type: 'v2', root: '/no/such/tree' }, '/x')
  assert.deepEqual(group.pids(), [])
  assert.equal(group.exists(), false)
  assert.equal(group.isOomKilled(), false)
  group.remove()
})
