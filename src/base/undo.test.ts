import assert from 'node:assert/strict'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import { type LogFields, type Logger, silentLogger } from '#base/log.ts'
import { undoing } from '#base/undo.ts'

test('undoing() logs a failing step and lets the body failure through', async () => {
  const warnings: LogFields[] = []
  const log: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) }
  const failing = async () => {
    await using undo = new AsyncDisposableStack()
    undo.defer(
      undoing(log, 'remove snapshot', () => {
        throw new Error('busy')
      }),
    )
    throw new EngineError('conflict', 'the real failure')
  }
  await assert.rejects(failing, { message: 'the real failure' })
  assert.deepEqual(warnings, [{ what: 'remove snapshot', reason: 'busy' }])
})

test('moved undo steps do not run', async () => {
  let undone = false
  const succeeding = async () => {
    await using undo = new AsyncDisposableStack()
    undo.defer(undoing(silentLogger, 'x', () => void (undone = true)))
    undo.move()
  }
  await succeeding()
  assert.equal(undone, false)
})
