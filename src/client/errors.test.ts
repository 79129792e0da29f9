import assert from 'node:assert/strict'
import test from 'node:test'
import { errorOfConnection, errorOfReply, isRefusal } from '#client/errors.ts'

const endpoint = { type: 'unix', path: '/run/gantry/gantry.sock' } as const

function failed(code: string) {
  const error = errorOfConnection(Object.assign(new Error('runtime words'), { code }), endpoint)
  return { kind: error.kind, errno: error.errno, message: error.message }
}

test('an engine that cannot be reached is told in words that say what to do', () => {
  const address = 'unix:///run/gantry/gantry.sock'
  assert.deepEqual(failed('ENOENT'), {
    kind: 'unavailable',
    errno: 'ENOENT',
    message: `Cannot connect to the Gantry daemon at ${address}. Is the gantryd daemon running?`,
  })
  assert.deepEqual(failed('EACCES'), {
    kind: 'permission_denied',
    errno: 'EACCES',
    message: `permission denied while trying to connect to the Gantry daemon socket at ${address}`,
  })
  assert.deepEqual(failed('ECONNRESET'), {
    kind: 'unavailable',
    errno: 'ECONNRESET',
    message: `error during connect: ${address} closed the connection without an answer`,
  })
  assert.equal(failed('EHOSTUNREACH').message, 'error during connect: runtime words')
})

test('a refusal has the engine’s message and the kind of its status, whatever the body is', () => {
  const parts = (status: number, body: string) => {
    const error = errorOfReply(status, body)
    assert.ok(isRefusal(error))
    return [error.kind, error.message]
  }
  assert.deepEqual(parts(404, '{"message":"No such image: x"}\n'), [
    'not_found',
    'No such image: x',
  ])
  assert.deepEqual(parts(409, 'plain text\n'), ['conflict', 'plain text'])
  assert.deepEqual(parts(503, ''), ['unavailable', 'the engine answered 503'])
  assert.deepEqual(parts(500, '{"other":1}'), ['internal', '{"other":1}'])
  assert.equal(isRefusal(errorOfConnection(new Error('x'), endpoint)), false)
})
