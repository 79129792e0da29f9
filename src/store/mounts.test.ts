import assert from 'node:assert/strict'
import test from 'node:test'
import { isKernelSince } from '#store/mounts.ts'

test('isKernelSince() compares by number, whatever follows', () => {
  for (const text of ['6.8.0', '6.18.44-fc', '7.0.0-rc1', '10.1.2']) {
    assert.equal(isKernelSince(text, [6, 8]), true, text)
  }
  for (const text of ['6.1.0-56-cloud-amd64', '5.15.0', '4.19.0-rc1']) {
    assert.equal(isKernelSince(text, [6, 8]), false, text)
  }
})
