import assert from 'node:assert/strict'
import test from 'node:test'
import { EngineError, errnoOf, errorKind, errorMessage, findEngineError } from '#base/errors.ts'

test('errorKind looks through cause, AggregateError and SuppressedError', () => {
  const conflict = new EngineError('conflict', 'name in use')
  assert.equal(errorKind(new Error('outer', { cause: conflict })), 'conflict')
  assert.equal(errorKind(new AggregateError([new Error('x'), conflict])), 'conflict')
  assert.equal(errorKind(new SuppressedError(new Error('disposer'), conflict)), 'conflict')
  assert.equal(errorKind(new Error('plain')), 'internal')
})

test('a disposer that throws does not hide the failure of the body', async () => {
  const body = new EngineError('not_found', 'No such image: x')
  const failing = async () => {
    await using stack = new AsyncDisposableStack()
    stack.defer(() => {
      throw new Error('disposer failed')
    })
    throw body
  }
  const error: unknown = await failing().catch((caught: unknown) => caught)
  assert.ok(error instanceof SuppressedError)
  assert.equal(findEngineError(error), body)
  assert.equal(errorMessage(error), 'No such image: x')
})

test('an abort without an engine reason is "cancelled"', () => {
  assert.equal(errorKind(AbortSignal.abort().reason), 'cancelled')
})

test('errnoOf finds the errno of node and kernel errors', () => {
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT')
  assert.equal(errnoOf(new EngineError('not_found', 'x', { errno: 'ESRCH' })), 'ESRCH')
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })), undefined)
})
