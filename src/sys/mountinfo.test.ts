import assert from 'node:assert/strict'
import test from 'node:test'
import { mountContaining, parseMountinfo } from '#sys/mountinfo.ts'

const text = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
36 22 0:30 / /mnt/a\\040b rw,nosuid master:3 - tmpfs tmpfs rw,size=1k
37 22 0:31 / /mnt/c ro shared:5 master:6 propagate_from:2 - overlay overlay ro,lowerdir=/x
38 22 0:32 /sub /mnt/d rw unbindable - ext4 /dev/sdb rw
39 22 0:33 / /mnt/e rw - proc proc rw
`

test('parseMountinfo() reads optional fields, propagation and escapes', () => {
  const entries = parseMountinfo(text)
  assert.deepEqual(
    entries.map(({ mountPoint, propagation, type }) => [mountPoint, propagation, type]),
    [
      ['/', 'shared', 'ext4'],
      ['/mnt/a b', 'slave', 'tmpfs'],
      ['/mnt/c', 'shared-slave', 'overlay'],
      ['/mnt/d', 'unbindable', 'ext4'],
      ['/mnt/e', 'private', 'proc'],
    ],
  )
  assert.deepEqual(entries[3], {
    mountId: 38,
    parentId: 22,
    device: '0:32',
    root: '/sub',
    mountPoint: '/mnt/d',
    mountOptions: ['rw'],
    propagation: 'unbindable',
    type: 'ext4',
    source: '/dev/sdb',
    superOptions: ['rw'],
  })
})

test('mountContaining() finds the deepest mount, by whole components', () => {
  const entries = parseMountinfo(text)
  assert.equal(mountContaining('/mnt/c/x/y', entries)?.mountId, 37)
  assert.equal(mountContaining('/mnt/c', entries)?.mountId, 37)
  assert.equal(mountContaining('/mnt/cc', entries)?.mountId, 22)
})
