import assert from 'node:assert/strict'
import test from 'node:test'
import { createFailure, execFailure } from '#runtime/failure.ts'

const before =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: unable to start container process: '

test('crun’s words become those that clients match', () => {
  for (const [said, meant] of [
    [
      'executable file `nope` not found in $PATH: No such file or directory',
      'exec: "nope": executable file not found in $PATH',
    ],
    [
      '2026-11-24T02:33:39.792070Z: executable file `/a/b` not found in $PATH: No such file or directory\n',
      'exec: "/a/b": stat /a/b: no such file or directory',
    ],
    ['open executable: Permission denied', 'exec: "prog": permission denied'],
    ['exec container process `/prog`: Exec format error', 'exec prog: exec format error'],
  ] as const) {
    const error = createFailure(said, ['prog'])
    assert.equal(error.message, `${before}${meant}: unknown`)
    assert.equal(error.kind, 'invalid_argument')
  }
})

test('runc’s log lines and unknown texts pass through, cleaned', () => {
  const runc =
    'time="2026-11-24T02:33:39Z" level=error msg="exec failed: unable to start container process: unable to find \\"x\\""\n'
  assert.match(
    execFailure(runc, ['x']).message,
    /: exec failed: unable to start container process: unable to find "x": unknown$/,
  )
  const error = createFailure('crun: something new', ['x'])
  assert.equal(error.message, `${before}something new: unknown`)
  assert.equal(error.kind, 'internal')
})
