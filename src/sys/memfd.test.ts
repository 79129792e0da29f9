import assert from 'node:assert/strict'
import { constants, openSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { sealedCopy } from '#sys/memfd.ts'
import { runCommand } from '#sys/process.ts'

test('sealedCopy runs as the program that it copies, and nobody can write to it', async () => {
  using copy = sealedCopy('/bin/echo')
  assert.equal(statSync(copy.path).size, statSync('/bin/echo').size)
  const { code, stdout } = await runCommand(copy.path, ['hi'])
  assert.deepEqual([code, stdout.toString()], [0, 'hi\n'])
  assert.throws(() => openSync(copy.path, constants.O_WRONLY | constants.O_TRUNC), {
    code: 'EPERM',
  })
  assert.throws(() => writeFileSync(copy.path, 'x', { flag: 'r+' }), { code: 'EPERM' })
})

test('sealedCopy is gone once it is disposed of', () => {
  const copy = sealedCopy('/bin/echo')
  copy[Symbol.dispose]()
  assert.equal(statSync(copy.path, { throwIfNoEntry: false }), undefined)
})
