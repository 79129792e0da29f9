import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { cachesDirectory, listCaches, removeCache, sweepCaches } from '#build/ops/cache-mounts.ts'

function cachesOf(t: TestContext, names: readonly string[]) {
  const machine = { dataRoot: mkdtempSync(join(tmpdir(), 'gantry-caches-')) }
  t.after(() => rmSync(machine.dataRoot, { recursive: true }))
  for (const name of names) {
    mkdirSync(join(cachesDirectory(machine), name, 'fs'), { recursive: true })
    writeFileSync(join(cachesDirectory(machine), name, 'fs', 'file'), 'kept')
  }
  return machine
}

test('a removed cache is gone before its files are', async (t) => {
  const machine = cachesOf(t, ['one.0', 'two.0'])
  const removal = removeCache(machine, 'one.0')
  assert.deepEqual(listCaches(machine), ['two.0'])
  await removal
  assert.deepEqual(readdirSync(cachesDirectory(machine)), ['two.0'])
})

test('what a crash left half-made or half-removed is no cache, and is swept', async (t) => {
  const machine = cachesOf(t, ['one.0', 'one.1.new-0123', 'two.0.gone-4567'])
  assert.deepEqual(listCaches(machine), ['one.0'])
  await sweepCaches(machine)
  assert.deepEqual(readdirSync(cachesDirectory(machine)), ['one.0'])
})
