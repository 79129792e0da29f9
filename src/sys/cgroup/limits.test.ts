import assert from 'node:assert/strict'
import test from 'node:test'
import { parseCpuList, readCgroupLimits } from '#sys/cgroup/limits.ts'

test('lists of processors are read, and other texts are none', () => {
  assert.deepEqual([...(parseCpuList('0-2,5') ?? [])], [0, 1, 2, 5])
  assert.deepEqual([...(parseCpuList('') ?? [])], [])
  for (const text of ['a', '2-1', '-1', '1-', '1,x']) assert.equal(parseCpuList(text), undefined)
})

test('this machine limits memory and processes, among processors that it names', () => {
  const limits = readCgroupLimits()
  assert.ok(limits.memory && limits.pids && limits.cpuset)
  assert.ok((parseCpuList(limits.cpus)?.size ?? 0) > 0)
  assert.equal(readCgroupLimits({ type: 'none' }).memory, false)
})
