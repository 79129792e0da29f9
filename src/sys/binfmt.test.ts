import assert from 'node:assert/strict'
import test from 'node:test'
import { foreignSupport } from '#sys/binfmt.ts'

const arm64 = `enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`
const s390x = arm64.replace('0200b700', '00020016').replace('POCF', 'OC')

test('a handler is known by the machine field of its magic, not by its name', () => {
  const read = () => [{ name: 'x', text: arm64 }]
  assert.deepEqual(foreignSupport('arm64', read), { type: 'ready', handler: 'x' })
  assert.deepEqual(foreignSupport('riscv64', read), { type: 'none' })
  assert.deepEqual(foreignSupport('unheard-of', read), { type: 'none' })
})

test('big-endian machines, and handlers whose interpreter is not in the container', () => {
  const read = () => [{ name: 'qemu-s390x', text: s390x }]
  assert.deepEqual(foreignSupport('s390x', read), { type: 'outside', handler: 'qemu-s390x' })
})

test('a disabled handler and other file formats do not count', () => {
  const disabled = arm64.replace('enabled', 'disabled')
  const script = 'enabled\ninterpreter /usr/bin/python3\nflags: \nextension .pyc\n'
  const read = () => [
    { name: 'off', text: disabled },
    { name: 'python', text: script },
  ]
  assert.deepEqual(foreignSupport('arm64', read), { type: 'none' })
})
