import assert from 'node:assert/strict'
import test from 'node:test'
import { errorOfReply } from '#client/errors.ts'
import { errorText, startFailureCode } from '#cli/failures.ts'

test('startFailureCode() follows the substrings that Docker looks for', () => {
  const cases: Readonly<Record<string, number>> = {
    'exec: "gone": executable file not found in $PATH': 127,
    'exec: "/gone": stat /gone: no such file or directory': 127,
    'exec: "/etc/passwd": permission denied': 126,
    'exec: "/etc": is a directory': 126,
    'Conflict. The container name "/x" is already in use': 125,
  }
  for (const [message, code] of Object.entries(cases)) {
    assert.equal(startFailureCode(message), code, message)
  }
})

test('errorText() marks what the engine answered', () => {
  const refusal = errorOfReply(404, '{"message":"No such container: x"}\n')
  assert.equal(errorText(refusal), 'Error response from daemon: No such container: x')
  assert.equal(refusal.kind, 'not_found')
  assert.equal(errorText(new Error('local')), 'local')
})
