import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { claimIdentity } from '#test/support/abandoned.ts'
import { openTestBuilder, tagged } from '#test/support/builder.ts'
import { findLeaks } from '#test/support/leaks.ts'

const steps = (wait: string) => `FROM busybox
RUN echo one > /one && echo stepped
RUN ${wait}
RUN cat /one > /two
`

test('kill -9 in the middle of a step: the next build is right and goes on from the cache', async () => {
  const identity = await claimIdentity()
  const dockerfile = steps('echo waiting; test -e /go || sleep 600; echo > /three')
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../support/build-child.ts'), JSON.stringify(identity), dockerfile],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  for await (const chunk of child.stdout) if (String(chunk).includes('waiting')) break
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  const builder = await openTestBuilder({ identity })
  try {
    const leaks = await findLeaks(identity)
    assert.deepEqual(
      leaks.filter((leak) => leak.includes('build-')),
      [],
      'a new builder removes what the old one left',
    )
    assert.equal(builder.images.find('crash:test'), undefined)
    assert.equal(builder.builder.history.list()[0]?.status, 'cancelled')
    const next = dockerfile.replace('sleep 600', 'true')
    const { ran } = await builder.build(next, { tags: tagged('crash:test') })
    assert.equal(ran.length, 2, 'the step that had ended is in the cache')
    await builder.inspect('crash:test', (root) => {
      assert.equal(readFileSync(join(root, 'two'), 'utf8'), 'one\n')
    })
  } finally {
    await builder.close()
  }
})

test('the cache and its layers outlive a clean stop too', async () => {
  const identity = await claimIdentity()
  const first = await openTestBuilder({ identity })
  await first.build(steps('true'))
  await first.close(true)
  const second = await openTestBuilder({ identity })
  try {
    assert.deepEqual((await second.build(steps('true'))).ran, [])
  } finally {
    await second.close()
  }
})
