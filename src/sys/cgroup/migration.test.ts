import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { readCgroupHierarchy } from '#sys/cgroup/hierarchy.ts'
import { createMigrationWarmer, ownGroup } from '#sys/cgroup/migration.ts'

test('the own group is found in a tree that the machine has', () => {
  const membership = '3:cpu,cpuacct:/a\n2:name=systemd:/b\n1:pids:/c/d\n0::/unified\n'
  const controllers = new Map([['pids', '/sys/fs/cgroup/pids']])
  assert.equal(
    ownGroup({ type: 'v1', controllers, unifiedControllers: [] }, membership),
    '/sys/fs/cgroup/pids/c/d',
  )
  assert.equal(
    ownGroup({ type: 'v2', root: '/sys/fs/cgroup' }, membership),
    '/sys/fs/cgroup/unified',
  )
  assert.equal(ownGroup({ type: 'none' }, membership), undefined)
})

test('anticipating moves this process nowhere', async () => {
  const before = readFileSync('/proc/self/cgroup', 'utf8')
  const anticipate = createMigrationWarmer(readCgroupHierarchy())
  for (let round = 0; round < 20; round++) {
    anticipate()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(readFileSync('/proc/self/cgroup', 'utf8'), before)
})
