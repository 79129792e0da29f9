import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { branded } from '#base/brand.ts'
import { instantFromMillis } from '#base/clock.ts'
import { silentLogger } from '#base/log.ts'
import {
  bytesToKeep,
  planPrune,
  type PruneCandidate,
  type PrunePolicy,
} from '#build/cache/prune.ts'
import { openBuildCache } from '#build/cache/store.ts'
import { explainMiss } from '#build/cache/why.ts'
import type { CacheKey, KeyIngredients } from '#build/solver/types.ts'
import { digestOf } from '#oci/digest.ts'
import { openMetadataDb } from '#store/database.ts'

const key = (text: string) => branded<CacheKey>(digestOf(text))

function ingredients(name: string, input: string): KeyIngredients {
  return {
    name,
    text: name,
    op: digestOf(name),
    inputs: [{ use: 'whole', digest: digestOf(input) }],
  }
}

function openTemporary() {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-cache-'))
  const open = () => {
    const db = openMetadataDb({ root: directory, log: silentLogger })
    return { db, cache: openBuildCache({ db, sizeOf: (stored) => stored.length }) }
  }
  return { open, remove: () => rmSync(directory, { recursive: true }) }
}

test('records survive a restart and are found under every key', () => {
  const temporary = openTemporary()
  try {
    const first = temporary.open()
    first.cache.put([key('a'), key('b')], {
      stored: 'snapshot',
      ingredients: ingredients('RUN x', 'base'),
    })
    first.db[Symbol.dispose]()
    const { db, cache } = temporary.open()
    assert.equal(cache.find(key('a'))?.stored, 'snapshot')
    assert.equal(cache.find(key('b'))?.stored, 'snapshot')
    assert.equal(cache.find(key('c')), undefined)
    assert.equal(cache.list()[0]?.useCount, 2)
    db[Symbol.dispose]()
  } finally {
    temporary.remove()
  }
})

test('a record goes when its last key leads elsewhere', () => {
  const temporary = openTemporary()
  try {
    const { db, cache } = temporary.open()
    cache.put([key('a')], { stored: 'old', ingredients: ingredients('RUN x', 'base') })
    cache.put([key('a')], { stored: 'new', ingredients: ingredients('RUN x', 'base') })
    assert.deepEqual(
      cache.list().map(({ stored }) => stored),
      ['new'],
    )
    cache.remove(cache.list().map(({ id }) => id))
    assert.equal(cache.find(key('a')), undefined)
    db[Symbol.dispose]()
  } finally {
    temporary.remove()
  }
})

test('prune takes the least recently used first and stops at what is to be kept', () => {
  const entry = (id: string, used: number, flags: Partial<PruneCandidate> = {}) => ({
    id,
    lastUsedAt: instantFromMillis(used),
    sizeBytes: 10,
    isInUse: false,
    isShared: false,
    ...flags,
  })
  const ids = (policy: Partial<PrunePolicy>, shared = false) => {
    const second = entry('b', 100, { isShared: shared })
    const busy = entry('d', 50, { isInUse: true })
    const usage = [entry('a', 300), second, entry('c', 200), busy]
    return planPrune(usage, { isAll: true, ...policy }).map(({ id }) => id)
  }
  assert.deepEqual(ids({}), ['b', 'c', 'a'])
  assert.deepEqual(ids({ keepBytes: 25 }), ['b', 'c'])
  assert.deepEqual(ids({ keepBytes: 40 }), [])
  assert.deepEqual(ids({ unusedSince: instantFromMillis(250) }), ['b', 'c'])
  assert.deepEqual(ids({ ids: ['a', 'd'] }), ['a'])
  assert.deepEqual(ids({ isAll: false }, true), ['c', 'a'])
})

test('how much cache may stay follows from all three limits', () => {
  const disk = { usedBytes: 100, freeBytes: 30 }
  assert.equal(bytesToKeep({}, disk), undefined)
  assert.equal(bytesToKeep({ reservedBytes: 40 }, disk), 40)
  assert.equal(bytesToKeep({ maxUsedBytes: 60 }, disk), 60)
  assert.equal(bytesToKeep({ minFreeBytes: 20 }, disk), 100, 'that much is free')
  assert.equal(bytesToKeep({ minFreeBytes: 50 }, disk), 80)
  assert.equal(bytesToKeep({ minFreeBytes: 50, maxUsedBytes: 60 }, disk), 60)
  assert.equal(bytesToKeep({ minFreeBytes: 500, reservedBytes: 10 }, disk), 10)
})

test('explainMiss() says what differs from the nearest record', () => {
  const temporary = openTemporary()
  const { db, cache } = temporary.open()
  try {
    const step = (options: Partial<StepFacts> = {}): KeyIngredients => {
      const { text = 'RUN x', parent = 'base', env = [], origin = 'project' } = options
      const definition = JSON.stringify({ kind: 'exec', env, cwd: '/' })
      const inputs = [{ use: 'whole' as const, digest: digestOf(parent), name: parent }]
      return { name: text, text, op: digestOf(text + definition), definition, origin, inputs }
    }
    const why = (miss: KeyIngredients, ignoresCache = false) =>
      explainMiss(
        { vertex: { ignoresCache }, miss },
        { cache, listings: { compare: () => undefined } },
      )
    assert.deepEqual(why(step()), [{ kind: 'never-built' }])
    cache.put([key('x')], { stored: 'x', ingredients: step({ env: ['A=1', 'B=1'] }) })
    assert.deepEqual(why(step({ env: ['A=1', 'B=1'] })), [{ kind: 'not-kept' }])
    assert.deepEqual(why(step({ env: ['A=1', 'B=1'] }), true), [{ kind: 'no-cache' }])
    assert.deepEqual(why(step({ env: ['A=2', 'C=3'] })), [
      {
        kind: 'instruction-changed',
        changes: [
          { what: 'variable A', was: '1', is: '2' },
          { what: 'variable B', was: '1' },
          { what: 'variable C', is: '3' },
        ],
      },
    ])
    assert.deepEqual(why(step({ env: ['A=1', 'B=1'], parent: 'other' })), [
      { kind: 'parent-changed', input: 0, was: 'base' },
    ])
    assert.deepEqual(why(step({ text: 'RUN y' })), [
      {
        kind: 'instruction-changed',
        changes: [{ what: 'instruction', was: 'RUN x', is: 'RUN y' }],
      },
    ])
    const elsewhere = step({ parent: 'other', origin: 'another project' })
    assert.deepEqual(why(elsewhere), [{ kind: 'never-built' }])
  } finally {
    db[Symbol.dispose]()
    temporary.remove()
  }
})

interface StepFacts {
  readonly text: string
  readonly parent: string
  readonly env: readonly string[]
  readonly origin: string
}
