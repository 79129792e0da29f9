import assert from 'node:assert/strict'
import test from 'node:test'
import { limitOutput } from '#build/ops/output-limit.ts'

function recorded(maxBytes: number) {
  const told: string[] = []
  const limited = limitOutput(
    (stream, chunk) => void told.push(`${stream}: ${Buffer.from(chunk).toString()}`),
    maxBytes,
  )
  return { told, limited, say: (text: string) => limited.onOutput('stdout', Buffer.from(text)) }
}

test('output within the limit passes as it is', () => {
  const { told, limited, say } = recorded(2 ** 20)
  say('one\n')
  say('two\n')
  limited.flush()
  assert.deepEqual(told, ['stdout: one\n', 'stdout: two\n'])
})

test('beyond it only the end is told, once the step has ended', () => {
  const { told, limited, say } = recorded(2 ** 20)
  say('x'.repeat(2 ** 20 - 2))
  say('\nyes\n')
  assert.equal(told[1], 'stdout: \ny')
  assert.equal(told[2], 'stderr: \n[output clipped, log limit 1MiB reached]\n')
  for (let count = 0; count < 10_000; count++) say(`line ${count}\n`)
  assert.equal(told.length, 3)
  limited.flush()
  const lines = told[3]?.replace('stderr: ', '').trimEnd().split('\n') ?? []
  assert.equal(lines.at(-1), 'line 9999')
  assert.match(lines[0] ?? '', /^line \d{4}$/)
  assert.ok(lines.length < 2000)
})
