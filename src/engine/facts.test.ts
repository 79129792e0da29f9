import assert from 'node:assert/strict'
import test from 'node:test'
import { seccompWarnings, securityOptions } from '#engine/facts.ts'

test('a default filter that is not installed is not claimed, and warned of', () => {
  const facts = { seccompProfile: '', hasDefaultProfile: true, isCgroupV2: true }
  assert.deepEqual(securityOptions(facts), ['name=seccomp,profile=builtin', 'name=cgroupns'])
  assert.deepEqual(seccompWarnings(facts), [])
  const missing = { ...facts, hasDefaultProfile: false, isCgroupV2: false }
  assert.deepEqual(securityOptions(missing), ['name=seccomp,profile=unconfined'])
  assert.match(seccompWarnings(missing)[0] ?? '', /^WARNING: No seccomp profile: .* not installed$/)
  const own = { ...missing, seccompProfile: '/etc/own.json' }
  assert.deepEqual(securityOptions(own), ['name=seccomp,profile=/etc/own.json'])
  assert.deepEqual(seccompWarnings(own), [])
})
