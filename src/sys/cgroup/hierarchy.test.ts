import assert from 'node:assert/strict'
import test from 'node:test'
import { readCgroupHierarchy } from '#sys/cgroup/hierarchy.ts'
import { parseMountinfo } from '#sys/mountinfo.ts'

const line = (target: string, type: string, options: string) =>
  `30 20 0:30 / ${target} rw,relatime shared:1 - ${type} ${type} ${options}\n`

test('cgroup2 at the root of the tree is v2', () => {
  const mounts = parseMountinfo(line('/sys/fs/cgroup', 'cgroup2', 'rw'))
  assert.deepEqual(readCgroupHierarchy(mounts), { type: 'v2', root: '/sys/fs/cgroup' })
})

test('v1 trees, several controllers in one, named ones apart, and a unified tree beside them', () => {
  const mounts = parseMountinfo(
    line('/sys/fs/cgroup', 'tmpfs', 'rw') +
      line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct') +
      line('/sys/fs/cgroup/memory', 'cgroup', 'rw,memory') +
      line('/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,name=systemd') +
      line('/sys/fs/cgroup/no-such-unified', 'cgroup2', 'rw'),
  )
  assert.deepEqual(readCgroupHierarchy(mounts), {
    type: 'v1',
    controllers: new Map([
      ['cpu', '/sys/fs/cgroup/cpu,cpuacct'],
      ['cpuacct', '/sys/fs/cgroup/cpu,cpuacct'],
      ['memory', '/sys/fs/cgroup/memory'],
    ]),
    unifiedRoot: '/sys/fs/cgroup/no-such-unified',
    unifiedControllers: [],
  })
})

test('nothing mounted is none', () => {
  const mounts = parseMountinfo(line('/', 'ext4', 'rw'))
  assert.deepEqual(readCgroupHierarchy(mounts), { type: 'none' })
})
